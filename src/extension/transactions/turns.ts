import { AsyncLocalStorage } from "node:async_hooks";
import { EventBusError } from "../../errors.js";
import { uuidV7 } from "../../registry/uuid-v7.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { TurnQueue } from "./turn-queue.js";

/** A turn that somebody has in a transaction. Who runs inside of it queues up behind it, not beside it. */
export interface Turn {
  readonly transactionId: string;
  readonly outer: Turn | undefined;
  /** Resolves when the transaction's time is over: then nobody needs to wait, Prisma refuses what comes. */
  readonly expired: Promise<void> | undefined;
  /** Those who run inside. */
  readonly queue: TurnQueue;
  /** Calls that have started and not yet come to where they are sent or take their turn; on the outermost turn. */
  readonly coming: Set<Ticket>;
  /** Calls that have come before some of those, in the order in which they started; on the outermost turn. */
  readonly overtaking: { readonly number: number; readonly go: () => void }[];
  /** What captured calls do in the transaction at this moment, by their turns; on the outermost turn. */
  readonly running: Map<Turn, Promise<unknown>>;
  /** Set while all of the transaction is rolled back; on the outermost turn. */
  ending: Ending | undefined;
  /** Whether it still takes in others. */
  open: boolean;
  /** Whether it ends with a COMMIT, or the release of a savepoint: the callback of a transaction, or of a nested one. */
  commits: boolean;
  /** Why PostgreSQL will not commit it. */
  failure: { readonly error: unknown } | undefined;
  /** What all events of the transaction share; on the outermost turn. */
  correlationId: string | undefined;
}

/** The end of a whole transaction. */
export interface Ending {
  /** The turn with whose end it comes. */
  readonly by: Turn;
  readonly promise: Promise<void>;
  readonly open: () => void;
}

/** When a call in a transaction started. */
export interface Ticket {
  readonly number: number;
  readonly transaction: TransactionHandle;
}

export const turns = new AsyncLocalStorage<Turn>();

/** The outermost turn of each transaction. */
export const roots = new Map<string, Turn>();

/**
 * The turn of each transaction's client, nested ones too, by the handle that Prisma made for it: for calls that lost
 * their context, as those of data loaders and queues do.
 */
export const handles = new WeakMap<TransactionHandle, Turn>();

/** The correlation of what happens in a transaction, where the caller gives none; new for a call in none. */
export function correlationIn(transaction: TransactionHandle | undefined): string {
  const root = transaction && roots.get(transaction.id);
  if (root === undefined) return uuidV7();
  root.correlationId ??= uuidV7();
  return root.correlationId;
}

/** To be called when a transaction is over: Prisma itself refuses what comes later. */
export function forgetTransaction(transactionId: string): void {
  roots.delete(transactionId);
}

export function newTurn(
  transactionId: string,
  expired: Promise<void> | undefined,
  outer: Turn | undefined,
): Turn {
  return {
    transactionId,
    outer,
    expired,
    queue: new TurnQueue(),
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

/** The turn that a captured call on a transaction's client waits in. */
export function outerTurn(transaction: TransactionHandle): Turn {
  const known = turnOf(transaction) ?? roots.get(transaction.id);
  if (known?.open === false) throw tooLate();
  if (known !== undefined) return known;
  const root = newTurn(transaction.id, undefined, turns.getStore());
  roots.set(transaction.id, root);
  return root;
}

export function openRootOf(transactionId: string): Turn | undefined {
  const root = roots.get(transactionId);
  return root?.open === true ? root : undefined;
}

/** The innermost open turn that a call on a transaction's client is in. */
export function turnOf(transaction: TransactionHandle): Turn | undefined {
  const byContext = enclosing(transaction.id);
  const byHandle = handles.get(transaction);
  // The context knows best where it is inside of what the handle says: in another mutation, in a nested transaction.
  if (byContext !== undefined && (byHandle?.open !== true || isInside(byContext, byHandle))) return byContext;
  return byHandle?.open === true ? byHandle : undefined;
}

/** Whether a turn is `other`, or inside of it. */
export function isInside(turn: Turn, other: Turn): boolean {
  let outer: Turn | undefined = turn;
  while (outer !== undefined && outer !== other) outer = outer.outer;
  return outer !== undefined;
}

/** The innermost turn in that transaction that is still open. A promise that was left behind by one has none. */
export function enclosing(transactionId: string): Turn | undefined {
  let turn = turns.getStore();
  while (turn !== undefined && !(turn.open && turn.transactionId === transactionId)) turn = turn.outer;
  return turn;
}

/** Whether this runs inside of a transaction, of its callback or of a captured call. */
export function isInsideTransaction(): boolean {
  let turn = turns.getStore();
  while (turn !== undefined && !turn.open) turn = turn.outer;
  return turn !== undefined;
}

function tooLate(): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "A captured call started after the callback of its transaction had ended, too late for its events to be written " +
      "with it. Nothing was written. Expected that the callback awaits every call: look for a missing await.",
  );
}
