/** A row of a table, its cells without the marks of code. */
export type Row = readonly string[];

/** The tables of a page in their order, each without its head. */
export function tablesOf(text: string): readonly (readonly Row[])[] {
  const tables: Row[][] = [];
  let rows: Row[] | undefined;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) rows = undefined;
    else if (/^\|[-|\s:]+\|$/.test(line)) {
      rows = [];
      tables.push(rows);
    } else rows?.push(cellsOf(line));
  }
  return tables;
}

/** The row whose first cell is `name`, or begins with it and goes on with something else. */
export function rowOf(text: string, name: string): Row | undefined {
  return tablesOf(text)
    .flat()
    .find(
      ([first = ""]) => first === name || first.startsWith(`${name} `) || first.split(", ").includes(name),
    );
}

function cellsOf(line: string): Row {
  return line
    .slice(1, line.lastIndexOf("|"))
    .split("|")
    .map((cell) => cell.replaceAll("`", "").trim());
}

/** Options as a table names them, with their values: `{ retry: { maxAttempts: 20 } }` is `retry.maxAttempts`, 20. */
export function flatten(options: object, prefix = ""): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(options).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
      ? flatten(value, `${prefix}${key}.`)
      : [[`${prefix}${key}`, value] as const],
  );
}
