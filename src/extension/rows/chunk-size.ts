import type { Row } from "../../changes/diff.js";
import { isDecimal } from "../../codec/decimal.js";
import type { Model } from "../../models/model.js";
import { ROWS_PER_STATEMENT } from "./read-rows.js";

/** The size of rows that are read, written or published together, in bytes. */
export const CHUNK_BYTES = 16 * 2 ** 20;

/** The average size of the last rows of a model, in bytes. */
const known = new WeakMap<Model, number>();

/** How many rows the next chunk of a call has: the larger the rows, the fewer. */
export class ChunkSize {
  readonly #model: Model;
  readonly #most: number;

  /** @param most more than {@link ROWS_PER_STATEMENT} where chunks would give another result. */
  constructor(model: Model, most: number) {
    this.#model = model;
    this.#most = most;
  }

  get rows(): number {
    if (this.#most > ROWS_PER_STATEMENT) return this.#most;
    const bytes = known.get(this.#model) ?? 0;
    return bytes === 0 ? this.#most : Math.max(1, Math.min(this.#most, Math.floor(CHUNK_BYTES / bytes)));
  }

  /** Expects rows of the same size in the next chunk. */
  learn(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    known.set(this.#model, rows.reduce((sum, row) => sum + bytesOf(row), 0) / rows.length);
  }
}

/** Cuts a list into chunks of at most so many items and bytes; a single item may be larger. */
export function* cut<T>(
  items: readonly T[],
  most: { readonly rows: number; readonly bytes: number },
  bytesOfItem: (item: T) => number,
): Generator<readonly T[]> {
  if (items.length === 1) {
    yield items;
    return;
  }
  let from = 0;
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    const own = bytesOfItem(item);
    if (index > from && (index - from >= most.rows || bytes + own > most.bytes)) {
      yield items.slice(from, index);
      from = index;
      bytes = 0;
    }
    bytes += own;
  }
  if (from < items.length) yield items.slice(from);
}

/** About how much of memory or JSON a value takes. */
export function bytesOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return Math.ceil((value.byteLength * 4) / 3);
  if (value instanceof Date || isDecimal(value)) return 24;
  let bytes = 2;
  for (const key in value)
    bytes += key.length + 4 + bytesOf((value as Readonly<Record<string, unknown>>)[key]);
  return bytes;
}
