import pc from "picocolors";

import { isEventBusError } from "../errors.js";
import { print } from "./standard-output.js";
import { type Row, type TableLook, tableOf } from "./table.js";

/** Prints a listing: as a table for people, or as one JSON array with everything that is known. */
export function printRows<T extends object>(
  items: readonly T[],
  toRow: (item: T) => Row,
  options: { readonly json?: boolean; readonly none: string } & Pick<TableLook, "dispensable">,
): void {
  if (options.json === true) {
    printJson(items);
    return;
  }
  const text = tableFor(items.map(toRow), options.dispensable);
  print(`${text === "" ? options.none : text}\n`);
}

/** Prints everything that is known of something. */
export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, asJson, 2)}\n`);
}

/** The same in one line, of something that others like it come after. */
export function printJsonLine(value: unknown): void {
  print(`${JSON.stringify(value, asJson)}\n`);
}

/** A table for whoever reads the output: as wide as the terminal, and whole where it goes elsewhere. */
export function tableFor(rows: readonly Row[], dispensable: readonly string[] = []): string {
  const { isTTY, columns } = process.stdout;
  return tableOf(rows, { width: isTTY && columns > 0 ? columns : undefined, dispensable, colour });
}

/** What somebody has to look after. */
function colour(column: string, value: unknown): ((text: string) => string) | undefined {
  if (value === "dead" || (column === "dead" && Number(value) > 0)) return pc.red;
  if (value === "paused" || (column === "paused" && Number(value) > 0)) return pc.yellow;
  return undefined;
}

function asJson(_key: string, value: unknown): unknown {
  if (isEventBusError(value)) return { code: value.code, message: value.message };
  return typeof value === "bigint" ? value.toString() : value;
}
