import { AsyncLocalStorage } from "node:async_hooks";
import { EventBusError } from "../errors.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import type { TransactionHandle } from "./prisma-internals.js";

/** A turn that somebody has in a transaction. Who runs inside of it queues up behind it, not beside it. */
interface Turn {
  readonly transactionId: string;
  readonly outer: Turn | undefined;
  /** Resolves when the transaction's time is over: then nobody needs to wait, Prisma refuses what comes. */
  readonly expired: Promise<void> | undefined;
  /** The end of the queue of those who run inside. */
  tail: Promise<void>;
  /** Whether it still takes in others. */
  open: boolean;
  /** Whether a nested transaction waits or runs inside. */
  nesting: boolean;
  /** What all events of the transaction share; on the outermost turn. */
  correlationId: string | undefined;
}

const turns = new AsyncLocalStorage<Turn>();

/** The outermost turn of each transaction. */
const roots = new Map<string, Turn>();

/**
 * The turn of each transaction's client, nested ones too, by the handle that Prisma made for it: for calls that lost
 * their context, as those of data loaders and queues do.
 */
const handles = new WeakMap<TransactionHandle, Turn>();

/**
 * Runs `work` when no other work runs in that transaction: with `Promise.all` in one transaction, another
 * mutation's statements would come between our reading and writing a row.
 *
 * Work that is started from within (by another extension's hook, by a nested transaction's callback) does not wait
 * for what it is part of; several such works wait for each other.
 *
 * @throws EventBusError `TRANSACTION_ESCAPED` when the transaction's callback has ended already.
 */
export async function inTurn<T>(transaction: TransactionHandle, work: () => Promise<T>): Promise<T> {
  const transactionId = transaction.id;
  const outer = outerTurn(transaction);
  const before = outer.tail;
  let done = (): void => undefined;
  const tail = new Promise<void>((resolve) => {
    done = resolve;
  });
  outer.tail = tail;
  // Inside of the turn that it waited in, whatever its own context says: that may be lost.
  const turn: Turn = { ...newTurn(transactionId, outer.expired), outer };
  await Promise.race(outer.expired === undefined ? [before] : [before, outer.expired]);
  try {
    return await turns.run(turn, work);
  } finally {
    await close(turn);
    done();
    // A root that no callback owns goes with its last work.
    if (!owned.has(outer) && roots.get(transactionId) === outer && outer.tail === tail)
      roots.delete(transactionId);
  }
}

/**
 * Runs a nested transaction in turn: a savepoint that is rolled back would take along what others do meanwhile. Of
 * several at once Prisma refuses all but the first. They are refused here: while the first waits for its turn, Prisma
 * would take another one of them for the first, and that has no turn to run in.
 */
export async function nestedInTurn<T>(transaction: TransactionHandle, work: () => Promise<T>): Promise<T> {
  const outer = outerTurn(transaction);
  // In Prisma's words.
  if (outer.nesting) throw new Error("Concurrent nested transactions are not supported");
  outer.nesting = true;
  try {
    return await inTurn(transaction, work);
  } finally {
    outer.nesting = false;
  }
}

const owned = new WeakSet<Turn>();

/**
 * Runs the callback of an interactive transaction. Before the transaction is committed or rolled back, whatever the
 * callback started and did not await comes to its end; what starts later is refused. Otherwise the commit could come
 * between a mutation and its events.
 */
export async function ownTransaction<T>(
  transaction: TransactionHandle,
  timeoutMs: number,
  callback: () => Promise<T>,
): Promise<T> {
  // The callback of a nested transaction has the turn already that the nested transaction waited for.
  const nested = enclosing(transaction.id);
  const timer = nested === undefined ? expiry(timeoutMs) : undefined;
  const turn = nested ?? newTurn(transaction.id, timer?.expired);
  handles.set(transaction, turn);
  if (nested === undefined) {
    owned.add(turn);
    roots.set(transaction.id, turn);
  }
  try {
    return await turns.run(turn, callback);
  } finally {
    await close(turn);
    timer?.cancel();
  }
}

function expiry(timeoutMs: number): { readonly expired: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => undefined;
  const expired = new Promise<void>((resolve) => {
    // Keeps no process alive: it only ends waiting.
    const timer = setTimeout(resolve, timeoutMs).unref();
    cancel = () => clearTimeout(timer);
  });
  return { expired, cancel };
}

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

function newTurn(transactionId: string, expired: Promise<void> | undefined): Turn {
  return {
    transactionId,
    outer: turns.getStore(),
    expired,
    tail: Promise.resolve(),
    open: true,
    nesting: false,
    correlationId: undefined,
  };
}

/** The turn that a call on a transaction's client waits in. */
function outerTurn(transaction: TransactionHandle): Turn {
  const byContext = enclosing(transaction.id);
  const byHandle = handles.get(transaction);
  // The context knows best where it is inside of what the handle says: in another mutation, in a nested transaction.
  if (byContext !== undefined && (byHandle?.open !== true || isInside(byContext, byHandle))) return byContext;
  return byHandle?.open === true ? byHandle : openRoot(transaction.id);
}

function isInside(turn: Turn, other: Turn): boolean {
  let outer: Turn | undefined = turn;
  while (outer !== undefined && outer !== other) outer = outer.outer;
  return outer !== undefined;
}

/** The innermost turn in that transaction that is still open. A promise that was left behind by one has none. */
function enclosing(transactionId: string): Turn | undefined {
  let turn = turns.getStore();
  while (turn !== undefined && !(turn.open && turn.transactionId === transactionId)) turn = turn.outer;
  return turn;
}

function openRoot(transactionId: string): Turn {
  const known = roots.get(transactionId);
  if (known?.open === false) throw tooLate();
  const root = known ?? newTurn(transactionId, undefined);
  roots.set(transactionId, root);
  return root;
}

/** Lets those who wait inside of a turn finish, and takes in nobody any more. */
async function close(turn: Turn): Promise<void> {
  let tail: Promise<void>;
  do {
    tail = turn.tail;
    await Promise.race(turn.expired === undefined ? [tail] : [tail, turn.expired]);
  } while (tail !== turn.tail);
  turn.open = false;
}

function tooLate(): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "A captured call started after the callback of its transaction had ended, too late for its events to be written " +
      "with it. Nothing was written. Expected that the callback awaits every call: look for a missing await.",
  );
}
