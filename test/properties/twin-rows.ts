import { isDecimal } from "../../src/codec/decimal.js";
import type { Model } from "../../src/models/model.js";
import { make } from "./random-writes.js";

/** Rows as text, by `mark`; undefined for one that Prisma cannot read, such as one with a date after the year 9999. */
export type Rows = ReadonlyMap<string, string | undefined>;

/** What Prisma reads of the rows with these marks. */
export async function readRows(client: object, model: Model, marks: readonly string[]): Promise<Rows> {
  const find = async (args: Record<string, unknown>) => {
    const rows = await make(client, { model: model.jsName, operation: "findMany", args });
    return new Map(
      (rows as readonly Record<string, unknown>[]).map((row) => [String(row["mark"]), readable(row)]),
    );
  };
  try {
    return await find({});
  } catch {
    // One row is enough to make it fail.
    const rows = new Map<string, string | undefined>();
    for (const mark of marks) {
      const found = await find({ where: { mark: Number(mark) } }).catch(() => undefined);
      rows.set(mark, found?.get(mark));
    }
    return rows;
  }
}

function readable(row: Record<string, unknown>): string | undefined {
  const text = comparable(row);
  return text.includes(NO_DATE) ? undefined : text;
}

const NO_DATE = "no date";

/** Much more than a call needs on a busy machine. It is there for those that would be made again for ever. */
const LIMIT_MS = 30_000;

/** How a call ended. Of an error its kind, code and last line: the lines before show the source of the caller. */
export async function outcomeOf(call: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`has not ended after ${LIMIT_MS} ms`), LIMIT_MS);
  });
  try {
    return await Promise.race([call().then((result) => comparable(result, true)), late]);
  } catch (error) {
    const { name, code, message } = error as Error & { readonly code?: string };
    const last = message.trim().split("\n").at(-1) ?? "";
    // A place in the request that Prisma makes of the call, which is a longer one where more columns are asked for.
    return `${name} ${code ?? ""}: ${last.replace(/ at line \d+ column \d+/, "")}`;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A value as text, with its types.
 *
 * @param isUnordered whether lists of rows have no order: PostgreSQL promises none where nothing asks for one.
 */
export function comparable(value: unknown, isUnordered = false): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? NO_DATE : value.toISOString();
  if (ArrayBuffer.isView(value))
    return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  if (isDecimal(value)) return `decimal ${value.toFixed()}`;
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, isUnordered));
    const areRows = value.every((item) => typeof item === "object" && item !== null && "mark" in item);
    return `[${(isUnordered && areRows ? items.sort() : items).join(", ")}]`;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${name}: ${comparable(item, isUnordered)}`).join(", ")}}`;
}
