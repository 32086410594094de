/**
 * How somebody is in a queue: a `call` alone; a `nested` transaction alone among calls, while what is shared goes on
 * as without the extension.
 */
export type Exclusivity = "call" | "nested";

/** Somebody who has the queue alone once all before have done. */
export interface Entry {
  readonly kind: Exclusivity;
  readonly ticket: number;
  /** Those who share, and came before. */
  before: Set<Promise<unknown>>;
  /** Still lets in who started earlier and is on the way. */
  isGathering: boolean;
  /** Fulfilled when it has begun. */
  readonly begun: Promise<void>;
  /** Fulfilled when it is over. */
  readonly done: Promise<void>;
  begin(): void;
  leave(): void;
}

/**
 * Who works in one place, in the order in which they started: some alone, others beside each other. Tickets say who
 * started when; calls that started earlier can come later, when other extensions sent them a longer way.
 */
export class TurnQueue {
  readonly #entries: Entry[] = [];
  /** Those who share, after the last entry. */
  #after = new Set<Promise<unknown>>();

  /** The last one who is alone. */
  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  /** The nested transaction that waits or runs. */
  get nested(): Entry | undefined {
    return this.#entries.find(({ kind }) => kind === "nested");
  }

  /** Takes a place at once. */
  enter(kind: Exclusivity, ticket: number, isGathering: boolean): Entry {
    const at = this.#placeOf(ticket);
    const next = this.#entries[at];
    const before = next?.before ?? this.#after;
    if (next === undefined) this.#after = new Set();
    else next.before = new Set();
    const begun = opened();
    const done = opened();
    const entry: Entry = {
      kind,
      ticket,
      before,
      isGathering,
      begun: begun.promise,
      done: done.promise,
      begin: begun.open,
      leave: () => {
        this.#remove(entry);
        begun.open();
        done.open();
      },
    };
    this.#entries.splice(at, 0, entry);
    return entry;
  }

  /** What an entry has to wait for; undefined: nothing. */
  aheadOf(entry: Entry): Promise<unknown> | undefined {
    const previous = this.#entries[this.#entries.indexOf(entry) - 1];
    if (previous === undefined && entry.before.size === 0) return undefined;
    return Promise.allSettled([...entry.before, previous?.done]);
  }

  /** Those who share, and had to wait for a call first: until they have been answered. */
  readonly heldUp = new Set<Promise<unknown>>();

  /** Sends once all calls before have done; at once, in this very moment, when there are none. */
  share<T>(ticket: number, send: () => Promise<T>, expired: Promise<void> | undefined): Promise<T> {
    const at = this.#placeOf(ticket);
    const call = at === 0 ? undefined : this.#entries.slice(0, at).findLast(({ kind }) => kind === "call");
    const sent = call === undefined ? send() : orExpired(call.done, expired).then(send);
    const beside = this.#entries[at]?.before ?? this.#after;
    beside.add(sent);
    if (call !== undefined) this.heldUp.add(sent);
    const forget = () => {
      beside.delete(sent);
      this.heldUp.delete(sent);
    };
    sent.then(forget, forget);
    return sent;
  }

  /** Behind all but those at the end who still let in whoever started before them. */
  #placeOf(ticket: number): number {
    let at = this.#entries.length;
    for (; at > 0; at--) {
      const entry = this.#entries[at - 1];
      if (entry === undefined || !entry.isGathering || entry.ticket < ticket) break;
    }
    return at;
  }

  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }
}

/** Waits, but no longer than anything can be done. */
export async function orExpired(work: Promise<unknown>, expired: Promise<void> | undefined): Promise<void> {
  await (expired === undefined ? work : Promise.race([work, expired]));
}

/** A promise, and what fulfils it. */
export function opened(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
