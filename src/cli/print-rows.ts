import pc from "picocolors";

import { jsonOf } from "../registry/to-json.js";
import { print } from "./standard-output.js";
import { type Row, type TableLook, tableOf } from "./table.js";

/** How a listing is printed. */
export interface ListOptions extends Pick<TableLook, "dispensable"> {
  readonly json?: boolean;
  /** What is printed when it is empty. */
  readonly none: string;
  /** How many were asked for at most. */
  readonly limit?: number;
  /** Which ones come then; the last ones unless it is said. */
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

/** A list that ends at its limit looks like all that there is. Programs know what they have asked for. */
function noteOfLimit(count: number, { limit = Number.POSITIVE_INFINITY, end = "last" }: ListOptions): string {
  if (count < limit || !process.stdout.isTTY) return "";
  const which = limit === 1 ? `the ${end} one` : `the ${end} ${limit}`;
  return `${pc.dim(`(${which}; more with --limit)`)}\n`;
}

/** Prints everything that is known of something. */
export function printJson(value: unknown): void {
  print(`${JSON.stringify(jsonOf(value), null, 2)}\n`);
}

/** The same in one line, of something that others like it come after. */
export function printJsonLine(value: unknown): void {
  print(`${JSON.stringify(jsonOf(value))}\n`);
}

/** Of two subscribers whose names begin alike, each is to be told from the other, and given to the next command. */
const WHOLE = ["subscriber"];

/** A table for whoever reads the output: as wide as the terminal, and whole where it goes elsewhere. */
export function tableFor(rows: readonly Row[], dispensable: readonly string[] = []): string {
  const { isTTY, columns } = process.stdout;
  return tableOf(rows, {
    width: isTTY && columns > 0 ? columns : undefined,
    dispensable,
    whole: WHOLE,
    colour,
  });
}

/** What somebody has to look after. */
function colour(column: string, value: unknown): ((text: string) => string) | undefined {
  if (value === "dead" || (column === "dead" && Number(value) > 0)) return pc.red;
  if (value === "paused" || (column === "paused" && Number(value) > 0)) return pc.yellow;
  return undefined;
}
