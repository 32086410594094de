import type { TransactionHandle } from "../prisma/internals.js";
import { type Exclusivity, opened, orExpired } from "./turn-queue.js";
import {
  enclosing,
  handles,
  isInside,
  newTurn,
  openRootOf,
  outerTurn,
  roots,
  type Ticket,
  type Turn,
  turnOf,
  turns,
} from "./turns.js";

let tickets = 0;

// Taken when this is loaded: tests of applications put false timers in its place.
const { nextTick } = process;

/** Notes that a call has started, which may take some steps through other extensions. */
export function startCall(transaction: TransactionHandle): Ticket {
  const ticket = { number: ++tickets, transaction };
  roots.get(transaction.id)?.coming.add(ticket);
  return ticket;
}

/** Notes that it has come to where it is sent or takes its turn, or has ended. */
export function hasCome(ticket: Ticket): void {
  const root = roots.get(ticket.transaction.id);
  if (root?.coming.delete(ticket) === true && root.overtaking.length > 0) letGo(root);
}

/**
 * Runs `work` when no other work runs in that transaction: with `Promise.all` in one transaction, another
 * mutation's statements would come between our reading and writing a row. Calls come to the database in the order in
 * which they started, see {@link beside}.
 *
 * Work that is started from within (by another extension's hook, by a nested transaction's callback) does not wait
 * for what it is part of; several such works wait for each other.
 *
 * @throws EventBusError `TRANSACTION_ESCAPED` when the transaction's callback has ended already.
 */
export async function inTurn<T>(
  transaction: TransactionHandle,
  work: () => Promise<T>,
  ticket: Ticket = startCall(transaction),
  kind: Exclusivity = "call",
): Promise<T> {
  hasCome(ticket);
  const outer = outerTurn(transaction);
  const root = roots.get(transaction.id);
  const isGathering = isOvertaking(ticket);
  const entry = outer.queue.enter(kind, ticket.number, isGathering);
  // Inside of the turn that it waited in, whatever its own context says: that may be lost.
  const turn: Turn = newTurn(transaction.id, outer.expired, outer);
  try {
    if (isGathering) await untilAllHaveCome(ticket);
    entry.isGathering = false;
    const ahead = outer.queue.aheadOf(entry);
    if (ahead !== undefined) await orExpired(ahead, outer.expired);
    // Then Prisma refuses. Before, it may send a statement behind its ROLLBACK, where nothing rolls it back.
    if (kind === "call" && root?.ending !== undefined) await root.ending.promise;
    const result = turns.run(turn, work);
    if (kind === "call") root?.running.set(turn, result);
    entry.begin();
    return await result;
  } finally {
    root?.running.delete(turn);
    await close(turn, kind === "call");
    entry.leave();
    // A root that no callback owns goes with its last work.
    if (!owned.has(outer) && roots.get(transaction.id) === outer && outer.queue.last === undefined)
      roots.delete(transaction.id);
  }
}

/**
 * Runs a nested transaction in turn: a savepoint that is rolled back would take along what others do meanwhile. Of
 * several at once Prisma refuses all but the first. They are refused here: while the first waits for its turn, Prisma
 * would take another one of them for the first, and that has no turn to run in.
 */
export async function nestedInTurn<T>(transaction: TransactionHandle, work: () => Promise<T>): Promise<T> {
  // In Prisma's words.
  if (outerTurn(transaction).queue.nested !== undefined)
    throw new Error("Concurrent nested transactions are not supported");
  return inTurn(transaction, work, undefined, "nested");
}

/**
 * Sends what has no turn of its own: when those who have, and started earlier, have done; and they wait for it. What
 * is sent so is not held up by what is sent so.
 */
export function beside<T>(
  transaction: TransactionHandle,
  ticket: Ticket | undefined,
  send: () => Promise<T>,
): Promise<T> {
  const turn = turnOf(transaction) ?? openRootOf(transaction.id);
  // Nothing is known of the transaction, or it ends: Prisma knows.
  if (turn === undefined) return send();
  if (ticket === undefined) return turn.queue.share(++tickets, send, turn.expired);
  if (!isOvertaking(ticket)) {
    hasCome(ticket);
    return turn.queue.share(ticket.number, send, turn.expired);
  }
  return untilAllHaveCome(ticket).then(() => {
    hasCome(ticket);
    return turn.queue.share(ticket.number, send, turn.expired);
  });
}

/** Whether a call has come before another one that started before it, and that took more steps. */
function isOvertaking({ number, transaction }: Ticket): boolean {
  for (const earlier of roots.get(transaction.id)?.coming ?? []) return earlier.number < number;
  return false;
}

/**
 * Waits for those who started before, and then goes on in the order of start: at most for the rest of the tick, in which
 * all come that other extensions only hand on.
 */
function untilAllHaveCome({ number, transaction }: Ticket): Promise<void> {
  const root = roots.get(transaction.id);
  if (root === undefined) return Promise.resolve();
  return new Promise((go) => {
    root.overtaking.push({ number, go });
    root.overtaking.sort((a, b) => a.number - b.number);
    // Prisma sends together what has come until then.
    if (root.overtaking.length === 1)
      nextTick(() => {
        for (const one of root.overtaking.splice(0)) one.go();
      });
  });
}

/** Lets those go on who do not overtake anybody any more. */
function letGo({ coming, overtaking }: Turn): void {
  const [first] = coming;
  while (overtaking[0] !== undefined && (first === undefined || overtaking[0].number <= first.number))
    overtaking.shift()?.go();
}

const owned = new WeakSet<Turn>();

/**
 * Runs the callback of an interactive transaction. Before the transaction is committed, captured calls that the callback
 * started and did not await come to their end; what starts later is refused. Otherwise the commit could come
 * between a mutation and its events. Nested transactions are not waited for: Prisma refuses to commit.
 *
 * @param isAborted asks PostgreSQL whether it will roll back instead of committing.
 */
export async function ownTransaction<T>(
  transaction: TransactionHandle,
  timeoutMs: number,
  callback: () => Promise<T>,
  isAborted: () => Promise<boolean>,
): Promise<T> {
  // The callback of a nested transaction has the turn already that the nested transaction waited for.
  const nested = enclosing(transaction.id);
  const timer = nested === undefined ? expiry(timeoutMs) : undefined;
  const turn = nested ?? newTurn(transaction.id, timer?.expired, turns.getStore());
  turn.commits = true;
  handles.set(transaction, turn);
  if (nested === undefined) {
    owned.add(turn);
    roots.set(transaction.id, turn);
  }
  try {
    const result = await turns.run(turn, callback);
    await close(turn, false);
    if (turn.queue.nested !== undefined) await endAll(turn);
    else if (turn.failure !== undefined && (await isAborted())) throw turn.failure.error;
    return result;
  } catch (error) {
    // A savepoint must not be rolled back between a mutation and its events.
    if (nested !== undefined) await close(turn, false);
    if (nested === undefined || turn.queue.nested !== undefined) await endAll(turn);
    throw error;
  } finally {
    turn.open = false;
    timer?.cancel();
  }
}

/**
 * To be called before all of a transaction is rolled back: lets captured calls finish that run in it, wherever, and holds
 * others back until it is over. Prisma can send what is under way behind its ROLLBACK, on a connection without a transaction.
 */
async function endAll(turn: Turn): Promise<void> {
  const root = roots.get(turn.transactionId);
  if (root === undefined) return;
  root.ending ??= { by: turn, ...opened() };
  const others = Array.from(root.running).filter(([one]) => !isInside(turn, one));
  await orExpired(Promise.allSettled(others.map(([, work]) => work)), turn.expired);
  if (root.queue.heldUp.size > 0) await orExpired(Promise.allSettled(root.queue.heldUp), turn.expired);
}

/** To be called when a transaction, or a nested one, is over. */
export function hasEnded(transaction: TransactionHandle): void {
  const root = roots.get(transaction.id);
  if (root?.ending === undefined || root.ending.by !== handles.get(transaction)) return;
  root.ending.open();
  root.ending = undefined;
}

/** Notes that PostgreSQL will not commit the innermost transaction or savepoint around a call. */
export function noteFailure(transaction: TransactionHandle, error: unknown): void {
  let turn = turnOf(transaction) ?? openRootOf(transaction.id);
  while (turn !== undefined && !turn.commits) turn = turn.outer;
  if (turn?.transactionId === transaction.id) turn.failure ??= { error };
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

/**
 * Lets captured calls inside of a turn finish, and takes in nobody any more. A nested transaction is let begin: then it is
 * Prisma that sees it, and refuses to end what is around it.
 */
async function close(turn: Turn, waitsForNested: boolean): Promise<void> {
  for (;;) {
    const { last, nested } = turn.queue;
    if (last === undefined) break;
    const begins = waitsForNested ? undefined : nested?.begun;
    await orExpired(begins ?? last.done, turn.expired);
    // Where it is still the last, time is over.
    if (begins !== undefined || turn.queue.last === last) break;
  }
  // Without the captured calls they would have been sent by now.
  if (turn.queue.heldUp.size > 0) await orExpired(Promise.allSettled(turn.queue.heldUp), turn.expired);
  turn.open = false;
}
