import type { RowEvent } from "./ledger.js";

/**
 * What is wrong with the events of one row, in the order of their positions: each must have found the state that the
 * one before left. Empty when nothing is.
 *
 * @param last the row as the table has it; null when there is none.
 */
export function brokenLinks(events: readonly RowEvent[], last: object | null): readonly string[] {
  const broken: string[] = [];
  let state: Readonly<Record<string, unknown>> | null = null;
  for (const { position, operation, aggregate, changes, initialData } of events) {
    const at = `${operation} at ${position}`;
    if ((operation === "create") !== (state === null))
      broken.push(`${at}: the row ${state ? "was" : "was not"} there`);
    for (const [field, value] of Object.entries(operation === "create" ? {} : initialData)) {
      const before = state?.[field];
      if (text(value) !== text(before))
        broken.push(`${at}: ${field} was ${text(before)}, not ${text(value)}`);
    }
    const expected =
      operation === "delete" ? { ...state } : { ...(operation === "create" ? aggregate : state), ...changes };
    if (text(expected) !== text(aggregate)) broken.push(`${at}: ${text(aggregate)} is not ${text(expected)}`);
    state = operation === "delete" ? null : aggregate;
  }
  if (text(state) !== text(last)) broken.push(`at last: ${text(state)} is not ${text(last)}`);
  return broken;
}

function text(value: unknown): string {
  const isRecord =
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  const ordered = isRecord
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
  return JSON.stringify(ordered, (_, item) => (typeof item === "bigint" ? `${item}n` : item)) ?? "nothing";
}
