import { type ColumnType, type ColumnValue, columnTypes, keyOf } from "./type-cases.js";

/** The lines of the table of types in docs/envelope.md, without its head. */
export function typeRows(): readonly string[] {
  return columnTypes.flatMap((type) => type.values.map((value) => rowOf(type, value)));
}

function rowOf(type: ColumnType, value: ColumnValue): string {
  const key = type.key === false ? null : keyOf(value);
  const cells = [
    code(type.prisma),
    code(type.sql),
    code(value.text),
    code(JSON.stringify(value.json)),
    value.hint === undefined ? "" : code(JSON.stringify(value.hint).replaceAll('"', "")),
    key === null ? "" : code(key),
  ];
  return `| ${cells.map((cell) => (cell === "" ? " " : `${cell} `)).join("| ")}|`.replaceAll("|  |", "| |");
}

/** Markdown has no empty code. */
function code(text: string): string {
  return text === "" ? "(empty)" : `\`${text}\``;
}
