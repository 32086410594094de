import { AsyncLocalStorage } from "node:async_hooks";

/** A turn that somebody has in a transaction. Who runs inside of it queues up behind it, not beside it. */
interface Turn {
  readonly transactionId: string;
  readonly outer: Turn | undefined;
  /** The end of the queue of those who run inside. */
  tail: Promise<void>;
  active: boolean;
}

const turns = new AsyncLocalStorage<Turn>();
const queues = new Map<string, Promise<void>>();

/**
 * Runs `work` when no other work runs in that transaction: with `Promise.all` in one transaction, another
 * mutation's statements would come between our reading and writing a row.
 *
 * Work that is started from within (by another extension's hook, by a nested transaction's callback) does not wait
 * for what it is part of; several such works wait for each other.
 */
export async function inTurn<T>(transactionId: string, work: () => Promise<T>): Promise<T> {
  const outer = enclosing(transactionId);
  const before = outer?.tail ?? queues.get(transactionId) ?? Promise.resolve();
  let done = (): void => undefined;
  const tail = new Promise<void>((resolve) => {
    done = resolve;
  });
  if (outer === undefined) queues.set(transactionId, tail);
  else outer.tail = tail;
  const turn: Turn = { transactionId, outer: turns.getStore(), tail: Promise.resolve(), active: true };
  await before;
  try {
    return await turns.run(turn, work);
  } finally {
    turn.active = false;
    done();
    if (queues.get(transactionId) === tail) queues.delete(transactionId);
  }
}

/** The innermost turn in that transaction that is still going on. A promise that was left behind by one has none. */
function enclosing(transactionId: string): Turn | undefined {
  let turn = turns.getStore();
  while (turn !== undefined && !(turn.active && turn.transactionId === transactionId)) turn = turn.outer;
  return turn;
}
