import { AsyncLocalStorage } from "node:async_hooks";
import { EventBusError } from "../../errors.js";
import { uuidV7 } from "../../registry/uuid-v7.js";
import type { TransactionHandle } from "../prisma/internals.js";

/**
 * What runs in a transaction and can have calls started inside of it: the callback of the transaction, or of a nested one, or
 * a captured call. Calls that start inside wait for each other in the queue of the scope, and not for the scope itself.
 */
export interface Scope {
  readonly transactionId: string;
  readonly outer: Scope | undefined;
  /** Resolves when the time of the transaction is over: calls need not wait any longer, because Prisma refuses them. */
  readonly expired: Promise<void> | undefined;
  /** The calls that start inside. */
  readonly queue: CallQueue;
  /** Calls that have started, and have not been sent or queued yet; on the outermost scope. */
  readonly coming: Set<StartedCall>;
  /** Calls that wait for some of those, which started before them, in the order of their start; on the outermost scope. */
  readonly overtaking: { readonly number: number; readonly go: () => void }[];
  /** The captured calls that run in the transaction at this moment, by their scopes; on the outermost scope. */
  readonly running: Map<Scope, Promise<unknown>>;
  /** Set while the whole transaction is rolled back; on the outermost scope. */
  ending: Ending | undefined;
  /** Whether calls can still start inside. */
  open: boolean;
  /** Whether it ends with a COMMIT, or the release of a savepoint: the callback of a transaction, or of a nested one. */
  commits: boolean;
  /** Why PostgreSQL will not commit it. */
  failure: { readonly error: unknown } | undefined;
  /** The `correlationId` of all events of the transaction; on the outermost scope. */
  correlationId: string | undefined;
}

/** The end of a whole transaction. */
export interface Ending {
  /** The scope whose failure ends the transaction. */
  readonly by: Scope;
  readonly promise: Promise<void>;
  readonly open: () => void;
}

/** A call that has started in a transaction. Of two calls, the one with the lower number started first. */
export interface StartedCall {
  readonly number: number;
  readonly transaction: TransactionHandle;
}

/** The innermost scope around what runs. */
export const scopes = new AsyncLocalStorage<Scope>();

/** The outermost scope of each transaction. */
export const roots = new Map<string, Scope>();

/**
 * The scope of each transaction's client, nested ones too, by the handle that Prisma made for it: for calls that lost
 * their context, as those of data loaders and queues do.
 */
export const handles = new WeakMap<TransactionHandle, Scope>();

/**
 * The `correlationId` of the events of a transaction, where the caller sets none. Undefined outside of a transaction, and in one
 * without a scope.
 */
export function correlationIn(transaction: TransactionHandle | undefined): string | undefined {
  const root = transaction && roots.get(transaction.id);
  if (root === undefined) return undefined;
  root.correlationId ??= uuidV7();
  return root.correlationId;
}

/** To be called when a transaction is over. Prisma itself refuses later calls. */
export function forgetTransaction(transactionId: string): void {
  roots.delete(transactionId);
}

export function newScope(
  transactionId: string,
  expired: Promise<void> | undefined,
  outer: Scope | undefined,
): Scope {
  return {
    transactionId,
    outer,
    expired,
    queue: new CallQueue(),
    coming: new Set(),
    overtaking: [],
    running: new Map(),
    ending: undefined,
    open: true,
    commits: false,
    failure: undefined,
    correlationId: undefined,
  };
}

/** The scope in whose queue a captured call on a transaction's client waits. */
export function outerScope(transaction: TransactionHandle): Scope {
  const known = scopeOf(transaction) ?? roots.get(transaction.id);
  if (known?.open === false) throw tooLate();
  if (known !== undefined) return known;
  const root = newScope(transaction.id, undefined, scopes.getStore());
  roots.set(transaction.id, root);
  return root;
}

export function openRootOf(transactionId: string): Scope | undefined {
  const root = roots.get(transactionId);
  return root?.open === true ? root : undefined;
}

/** The innermost open scope that a call on a transaction's client is in. */
export function scopeOf(transaction: TransactionHandle): Scope | undefined {
  const byContext = enclosing(transaction.id);
  const byHandle = handles.get(transaction);
  // The context is more exact where it is inside of the handle's scope: in a captured call, or in a nested transaction.
  if (byContext !== undefined && (byHandle?.open !== true || isInside(byContext, byHandle))) return byContext;
  return byHandle?.open === true ? byHandle : undefined;
}

/** Whether a scope is `other`, or inside of it. */
export function isInside(scope: Scope, other: Scope): boolean {
  let outer: Scope | undefined = scope;
  while (outer !== undefined && outer !== other) outer = outer.outer;
  return outer !== undefined;
}

/** The innermost scope in that transaction that is still open. A promise that outlives its scope has none. */
export function enclosing(transactionId: string): Scope | undefined {
  let scope = scopes.getStore();
  while (scope !== undefined && !(scope.open && scope.transactionId === transactionId)) scope = scope.outer;
  return scope;
}

/** Whether the calling code runs inside of a transaction: in its callback, or in a captured call. */
export function isInsideTransaction(): boolean {
  let scope = scopes.getStore();
  while (scope !== undefined && !scope.open) scope = scope.outer;
  return scope !== undefined;
}

function tooLate(): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "A captured call started after the callback of its transaction had ended, too late for its events to be written " +
      "with it. Nothing was written. Expected that the callback awaits every call: look for a missing await.",
  );
}

/**
 * What an entry of a queue excludes. While a captured `call` runs, nothing else does. While a `nested` transaction runs, no
 * captured call does; other calls go on as without the extension.
 */
export type Exclusivity = "call" | "nested";

/** A captured call or a nested transaction in a queue. It runs when everything before it has ended. */
export interface QueueEntry {
  readonly kind: Exclusivity;
  /** The number of its {@link StartedCall}. */
  readonly number: number;
  /** The shared calls before it. */
  before: Set<Promise<unknown>>;
  /** Whether calls that started earlier, and have not arrived yet, can still get in front of it. */
  isGathering: boolean;
  /** Fulfilled when it begins to run. */
  readonly begun: Promise<void>;
  /** Fulfilled when it has ended. */
  readonly done: Promise<void>;
  begin(): void;
  leave(): void;
}

/**
 * The calls of one scope, in the order in which they started. Captured calls and nested transactions are entries, which run one
 * after the other. All other calls are shared: they run beside each other. A call with a lower number started earlier, and
 * can arrive later, if other extensions did more with it.
 */
export class CallQueue {
  readonly #entries: QueueEntry[] = [];
  /** The shared calls after the last entry. */
  #after = new Set<Promise<unknown>>();

  /** The last entry. */
  get last(): QueueEntry | undefined {
    return this.#entries.at(-1);
  }

  /** The nested transaction that waits or runs. */
  get nested(): QueueEntry | undefined {
    return this.#entries.find(({ kind }) => kind === "nested");
  }

  /** Adds an entry. It does not wait. */
  enter(kind: Exclusivity, number: number, isGathering: boolean): QueueEntry {
    const at = this.#indexFor(number);
    const next = this.#entries[at];
    const before = next?.before ?? this.#after;
    if (next === undefined) this.#after = new Set();
    else next.before = new Set();
    const begun = opened();
    const done = opened();
    const entry: QueueEntry = {
      kind,
      number,
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

  /** The end of everything that an entry has to wait for; undefined if there is nothing. */
  aheadOf(entry: QueueEntry): Promise<unknown> | undefined {
    const previous = this.#entries[this.#entries.indexOf(entry) - 1];
    if (previous === undefined && entry.before.size === 0) return undefined;
    return Promise.allSettled([...entry.before, previous?.done]);
  }

  /** The shared calls that waited for a captured call, until they are answered. */
  readonly heldUp = new Set<Promise<unknown>>();

  /** Sends a shared call when all captured calls before it have ended: synchronously if there are none. */
  share<T>(number: number, send: () => Promise<T>, expired: Promise<void> | undefined): Promise<T> {
    const at = this.#indexFor(number);
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

  /** The index of a new entry: behind the last one that started earlier, or that lets no call in front of it any more. */
  #indexFor(number: number): number {
    let at = this.#entries.length;
    for (; at > 0; at--) {
      const entry = this.#entries[at - 1];
      if (entry === undefined || !entry.isGathering || entry.number < number) break;
    }
    return at;
  }

  #remove(entry: QueueEntry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }
}

/** Waits for work, but not after the time of the transaction is over. */
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
