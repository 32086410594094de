import pc from "picocolors";

/** One row of a listing, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** Prints a listing: as a table for people, or as one JSON array with everything that is known. */
export function printRows<T extends object>(
  items: readonly T[],
  toRow: (item: T) => Row,
  options: { readonly json?: boolean; readonly none: string },
): void {
  if (options.json === true) {
    printJson(items);
    return;
  }
  const text = tableOf(items.map(toRow));
  process.stdout.write(`${text === "" ? options.none : text}\n`);
}

/** Prints everything that is known of something. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, bigintAsText, 2)}\n`);
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** A table with a column for each field of the first row. Empty when there are no rows. */
export function tableOf(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const columns = Object.keys(first);
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column])));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return [pc.bold(line(columns)), ...cells.map(line)].join("\n");
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return String(value).replace(/\s+/g, " ");
}
