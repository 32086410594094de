import type { TransactionHandle } from "../prisma/internals.js";
import {
  type Exclusivity,
  enclosing,
  handles,
  isInside,
  newScope,
  opened,
  openRootOf,
  orExpired,
  outerScope,
  roots,
  type Scope,
  type StartedCall,
  scopeOf,
  scopes,
} from "./scope.js";

let lastNumber = 0;

// Taken when this is loaded: tests of applications put false timers in its place.
const { nextTick } = process;

/** Notes that a call has started. It may pass through other extensions before it is sent or queued. */
export function startCall(transaction: TransactionHandle): StartedCall {
  const call = { number: ++lastNumber, transaction };
  roots.get(transaction.id)?.coming.add(call);
  return call;
}

/** Notes that a call is about to be sent or queued, or has ended. */
export function hasCome(call: StartedCall): void {
  const root = roots.get(call.transaction.id);
  if (root?.coming.delete(call) === true && root.overtaking.length > 0) letGo(root);
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
export async function inQueue<T>(
  transaction: TransactionHandle,
  work: () => Promise<T>,
  call: StartedCall = startCall(transaction),
  kind: Exclusivity = "call",
): Promise<T> {
  hasCome(call);
  const outer = outerScope(transaction);
  const root = roots.get(transaction.id);
  const isGathering = isOvertaking(call);
  const entry = outer.queue.enter(kind, call.number, isGathering);
  // Inside of the scope whose queue it waited in, whatever its own context says: that may be lost.
  const scope: Scope = newScope(transaction.id, outer.expired, outer);
  try {
    if (isGathering) await untilAllHaveCome(call);
    entry.isGathering = false;
    const ahead = outer.queue.aheadOf(entry);
    if (ahead !== undefined) await orExpired(ahead, outer.expired);
    // Then Prisma refuses. Before, it may send a statement behind its ROLLBACK, where nothing rolls it back.
    if (kind === "call" && root?.ending !== undefined) await root.ending.promise;
    const result = scopes.run(scope, work);
    if (kind === "call") root?.running.set(scope, result);
    entry.begin();
    return await result;
  } finally {
    root?.running.delete(scope);
    await close(scope, kind === "call");
    entry.leave();
    // A root that no callback owns goes with its last work.
    if (!owned.has(outer) && roots.get(transaction.id) === outer && outer.queue.last === undefined)
      roots.delete(transaction.id);
  }
}

/**
 * Runs a nested transaction in the queue: a savepoint that is rolled back would take along what others do meanwhile. Of
 * several at once Prisma refuses all but the first. They are refused here: while the first one waits, Prisma would take
 * another one of them for it, and that has no place in the queue.
 */
export async function nestedInQueue<T>(transaction: TransactionHandle, work: () => Promise<T>): Promise<T> {
  // In Prisma's words.
  if (outerScope(transaction).queue.nested !== undefined)
    throw new Error("Concurrent nested transactions are not supported");
  return inQueue(transaction, work, undefined, "nested");
}

/**
 * Sends a call that is not captured: after the captured calls that started before it. Captured calls that start after it wait for
 * it. Calls that are not captured do not wait for each other.
 */
export function beside<T>(
  transaction: TransactionHandle,
  call: StartedCall | undefined,
  send: () => Promise<T>,
): Promise<T> {
  const scope = scopeOf(transaction) ?? openRootOf(transaction.id);
  // Nothing is known of the transaction, or it ends: Prisma knows.
  if (scope === undefined) return send();
  if (call === undefined) return scope.queue.share(++lastNumber, send, scope.expired);
  if (!isOvertaking(call)) {
    hasCome(call);
    return scope.queue.share(call.number, send, scope.expired);
  }
  return untilAllHaveCome(call).then(() => {
    hasCome(call);
    return scope.queue.share(call.number, send, scope.expired);
  });
}

/** Whether a call is to be sent or queued while one that started before it is not there yet. */
function isOvertaking({ number, transaction }: StartedCall): boolean {
  for (const earlier of roots.get(transaction.id)?.coming ?? []) return earlier.number < number;
  return false;
}

/**
 * Waits for the calls that started before, so that calls go on in the order of their start. It waits for the rest of the tick at
 * most: calls that other extensions only hand on arrive within it.
 */
function untilAllHaveCome({ number, transaction }: StartedCall): Promise<void> {
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

/** Lets the calls go on that do not overtake another one any more. */
function letGo({ coming, overtaking }: Scope): void {
  const [first] = coming;
  while (overtaking[0] !== undefined && (first === undefined || overtaking[0].number <= first.number))
    overtaking.shift()?.go();
}

const owned = new WeakSet<Scope>();

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
  // The callback of a nested transaction has the scope already that the nested transaction was queued for.
  const nested = enclosing(transaction.id);
  const timer = nested === undefined ? expiry(timeoutMs) : undefined;
  const scope = nested ?? newScope(transaction.id, timer?.expired, scopes.getStore());
  scope.commits = true;
  handles.set(transaction, scope);
  if (nested === undefined) {
    owned.add(scope);
    roots.set(transaction.id, scope);
  }
  try {
    const result = await scopes.run(scope, callback);
    await close(scope, false);
    if (scope.queue.nested !== undefined) await endAll(scope);
    else if (scope.failure !== undefined && (await isAborted())) throw scope.failure.error;
    return result;
  } catch (error) {
    // A savepoint must not be rolled back between a mutation and its events.
    if (nested !== undefined) await close(scope, false);
    if (nested === undefined || scope.queue.nested !== undefined) await endAll(scope);
    throw error;
  } finally {
    scope.open = false;
    timer?.cancel();
  }
}

/**
 * To be called before all of a transaction is rolled back: lets captured calls finish that run in it, wherever, and holds
 * others back until it is over. Prisma can send what is under way behind its ROLLBACK, on a connection without a transaction.
 */
async function endAll(scope: Scope): Promise<void> {
  const root = roots.get(scope.transactionId);
  if (root === undefined) return;
  root.ending ??= { by: scope, ...opened() };
  const others = Array.from(root.running).filter(([one]) => !isInside(scope, one));
  await orExpired(Promise.allSettled(others.map(([, work]) => work)), scope.expired);
  if (root.queue.heldUp.size > 0) await orExpired(Promise.allSettled(root.queue.heldUp), scope.expired);
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
  let scope = scopeOf(transaction) ?? openRootOf(transaction.id);
  while (scope !== undefined && !scope.commits) scope = scope.outer;
  if (scope?.transactionId === transaction.id) scope.failure ??= { error };
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
 * Waits for the captured calls inside of a scope, and closes it. For a nested transaction it only waits until that has begun:
 * Prisma then refuses to commit the transaction around it.
 */
async function close(scope: Scope, waitsForNested: boolean): Promise<void> {
  for (;;) {
    const { last, nested } = scope.queue;
    if (last === undefined) break;
    const begins = waitsForNested ? undefined : nested?.begun;
    await orExpired(begins ?? last.done, scope.expired);
    // Where it is still the last, time is over.
    if (begins !== undefined || scope.queue.last === last) break;
  }
  // Without the captured calls they would have been sent by now.
  if (scope.queue.heldUp.size > 0) await orExpired(Promise.allSettled(scope.queue.heldUp), scope.expired);
  scope.open = false;
}
