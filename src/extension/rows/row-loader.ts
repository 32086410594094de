import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import type { LookupKey } from "../../outbox/lookup-rows.js";

/** Rows of a model that have given values in some fields. */
export interface RowQuery {
  readonly model: Model;
  /**
   * Fields and hidden columns; {@link BY_TUPLE_ID}: the keys are tuple ids, and wanted is what has become of those
   * rows.
   */
  readonly fields: readonly string[];
  /** Values of the fields, each as the text of its type. */
  readonly keys: readonly LookupKey[];
  /** Whether moments in the keys have milliseconds only. */
  readonly isByMillisecond?: boolean | undefined;
  /** Further fields, which must hold moments that no `Date` stands for. */
  readonly beyond?: readonly string[] | undefined;
  readonly lock?: LockStrength | undefined;
  /** Only rows that the running transaction wrote. */
  readonly ownOnly?: boolean | undefined;
  /** Whether it does not matter which key finds a row. */
  readonly isByAnyKey?: boolean | undefined;
  /** The most rows to find; undefined: all. Queries that are brought together find as many together. */
  readonly most?: number | undefined;
}

/** Instead of fields: rows are looked up by the tuple ids that they had. */
export const BY_TUPLE_ID: readonly string[] = ["table", "tuple id"];

/** Rows, each with the index of the key that it was found by. */
export type Found = readonly { readonly key: number; readonly row: Row }[];

interface Waiting {
  readonly query: RowQuery;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Combines the queries of several flows of work: when all flows wait, queries of the same kind become one statement.
 * The statements have a fixed order, stronger locks first, so that two calls lock rows that both need in the same
 * order.
 */
export class RowLoader {
  readonly #read: (query: RowQuery) => Promise<Found>;
  #running = 0;
  #waiting: Waiting[] = [];

  constructor(read: (query: RowQuery) => Promise<Found>) {
    this.#read = read;
  }

  /** Runs flows side by side. A flow awaits nothing but single queries and this. */
  async all<T>(flows: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
    if (flows.length === 0) return [];
    // The flow that starts inner ones waits for them: it is counted as one of them.
    const isInner = this.#running > 0;
    let left = flows.length;
    this.#running += isInner ? left - 1 : left;
    const outcomes = await Promise.allSettled(
      flows.map(async (flow) => {
        try {
          return await flow();
        } finally {
          left -= 1;
          if (left > 0 || !isInner) {
            this.#running -= 1;
            this.#sendWhenAllWait();
          }
        }
      }),
    );
    return outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
  }

  /** Only inside of {@link all}. */
  find(query: RowQuery): Promise<readonly Row[]> {
    if (query.keys.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ query, resolve, reject });
      this.#sendWhenAllWait();
    });
  }

  #sendWhenAllWait(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#running) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    void this.#send(waiting);
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    const groups = new Map<string, Waiting[]>();
    for (const one of waiting) {
      const kind = kindOf(one.query);
      const group = groups.get(kind);
      if (group === undefined) groups.set(kind, [one]);
      else group.push(one);
    }
    const found = new Map<Waiting, Row[]>(waiting.map((one) => [one, []]));
    try {
      for (const kind of Array.from(groups.keys()).sort()) await this.#ask(groups.get(kind) ?? [], found);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      return;
    }
    for (const one of waiting) one.resolve(found.get(one) ?? []);
  }

  async #ask(group: readonly Waiting[], found: ReadonlyMap<Waiting, Row[]>): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const askers = new Map<string, Set<Waiting>>();
    for (const one of group) {
      for (const key of one.query.keys) {
        const text = JSON.stringify(key);
        const known = askers.get(text) ?? new Set();
        askers.set(text, known.add(one));
      }
    }
    const texts = Array.from(askers.keys());
    const keys = texts.map((text) => JSON.parse(text) as LookupKey);
    for (const { key, row } of await this.#read({ ...first.query, keys })) {
      for (const one of askers.get(texts[key] ?? "") ?? []) found.get(one)?.push(row);
    }
  }
}

function kindOf({ model, fields, lock, ownOnly, most, isByMillisecond, beyond }: RowQuery): string {
  const strength = lock === "update" ? 0 : lock === undefined ? 2 : 1;
  const isMet = [fields === BY_TUPLE_ID, fields, isByMillisecond === true, beyond];
  return JSON.stringify([model.name, strength, ...isMet, ownOnly === true, most]);
}
