import pc from "picocolors";

import { jsonOf } from "../registry/to-json.js";
import { print } from "./standard-output.js";
import { type Row, type TableLook, tableOf } from "./table.js";

/** How a listing is printed. */
export interface ListOptions extends Pick<TableLook, "dispensable"> {
  readonly json?: boolean;
  /** What is printed when it is empty. */
  readonly none: string;
  /** The greatest number that was asked for. */
  readonly limit?: number;
  /** Which ones a limited listing shows. Defaults to the last ones. */
  readonly end?: "first" | "last";
}

/** Prints a listing: as a table for people, or as one JSON array with everything that is known. */
export function printRows<T extends object>(
  items: readonly T[],
  toRow: (item: T) => Row,
  options: ListOptions,
): void {
  if (options.json === true) {
    printJson(items);
    return;
  }
  const text = tableFor(items.map(toRow), options.dispensable);
  print(`${text === "" ? options.none : text}\n${noteOfLimit(items.length, options)}`);
}

/** A list that ends at its limit looks complete, so a terminal gets a note. Programs know the limit that they set. */
function noteOfLimit(count: number, { limit = Number.POSITIVE_INFINITY, end = "last" }: ListOptions): string {
  if (count < limit || !process.stdout.isTTY) return "";
  const which = limit === 1 ? `the ${end} one` : `the ${end} ${limit}`;
  return `${pc.dim(`(${which}; more with --limit)`)}\n`;
}

/** Prints a value as JSON. */
export function printJson(value: unknown): void {
  print(`${JSON.stringify(jsonOf(value), null, 2)}\n`);
}

/** Prints one of several values as one line of JSON. */
export function printJsonLine(value: unknown): void {
  print(`${JSON.stringify(jsonOf(value))}\n`);
}

/** Columns that are never cut: names of subscribers can begin alike, and the reader passes them to the next command. */
const WHOLE = ["subscriber"];

/** A table as wide as the terminal. It is not cut if the output is no terminal. */
export function tableFor(rows: readonly Row[], dispensable: readonly string[] = []): string {
  const { isTTY, columns } = process.stdout;
  return tableOf(rows, {
    width: isTTY && columns > 0 ? columns : undefined,
    dispensable,
    whole: WHOLE,
    colour,
  });
}

/** The color of values that need attention. */
function colour(column: string, value: unknown): ((text: string) => string) | undefined {
  if (value === "dead" || (column === "dead" && Number(value) > 0)) return pc.red;
  if (value === "paused" || (column === "paused" && Number(value) > 0)) return pc.yellow;
  return undefined;
}

/** A count with its noun, and a verb if given: `1 event is`, `2 events are`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
