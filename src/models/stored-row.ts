import type { Row } from "../changes/diff.js";

/** Which version of a row this is: the OID of its table and its `ctid`, both as texts. */
export type TupleId = readonly [table: string, ctid: string];

/** What PostgreSQL says of a row beside what Prisma makes of it. */
export interface Stored {
  /** Texts to the last digit, of fields and hidden columns by which rows are found. */
  readonly texts: ReadonlyMap<string, string | null>;
  readonly tupleId: TupleId | undefined;
  /** Fields of which Prisma cannot read the values: a call that asks for them fails. */
  readonly unreadable: readonly string[];
}

const stored = new WeakMap<Row, Stored>();

/** Of a row of which Prisma reads each field to the last digit. */
export const NO_TEXTS: ReadonlyMap<string, string | null> = new Map();
const NO_FIELDS: readonly string[] = [];

/** There is one for each row that is read, so the tuple id is made only when it is asked for. */
class AnsweredRow implements Stored {
  readonly texts: Stored["texts"];
  readonly unreadable: Stored["unreadable"];
  readonly #tupleId: unknown;

  /** @param tupleId as the statement gives it. */
  constructor(texts: Stored["texts"], unreadable: Stored["unreadable"], tupleId: unknown) {
    this.texts = texts;
    this.unreadable = unreadable;
    this.#tupleId = tupleId;
  }

  get tupleId(): TupleId | undefined {
    const text = this.#tupleId;
    if (typeof text !== "string") return undefined;
    const at = text.indexOf("(");
    return [text.slice(0, at), text.slice(at)];
  }
}

/**
 * Says what PostgreSQL has said of a row.
 *
 * @param tupleId as the statement gives it.
 */
export function noteStored(
  row: Row,
  texts: Stored["texts"],
  unreadable: Stored["unreadable"],
  tupleId: unknown,
): void {
  stored.set(row, new AnsweredRow(texts, unreadable.length === 0 ? NO_FIELDS : unreadable, tupleId));
}

/** Undefined for a row that Prisma has read. */
export function storedOf(row: Row): Stored | undefined {
  return stored.get(row);
}

/** Has a row that Prisma has read be found where it was read by us before: its key has not changed. */
export function keepsTupleId(row: Row, before: Row, fields: readonly string[]): void {
  const was = stored.get(before);
  if (was === undefined || stored.has(row)) return;
  const texts =
    was.texts.size === 0
      ? NO_TEXTS
      : new Map(Array.from(was.texts).filter(([field]) => fields.includes(field)));
  stored.set(row, { texts, tupleId: was.tupleId, unreadable: NO_FIELDS });
}

/** The same where only what is known of the key matters, which mostly is no more than Prisma reads. */
export function keepsKey(row: Row, before: Row, fields: readonly string[]): void {
  if (stored.get(before)?.texts.size !== 0) keepsTupleId(row, before, fields);
}
