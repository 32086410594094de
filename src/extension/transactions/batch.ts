import { EventBusError } from "../../errors.js";
import { databaseFailure } from "../../outbox/database-error.js";
import { uuidV7 } from "../../registry/uuid-v7.js";
import { type CallHandle, lockHandle, openHandle } from "../prisma/batch-handle.js";
import { asCallFailure, asConflictAtCommit, asOfBatch } from "../prisma/errors.js";
import {
  type BatchHandle,
  type InternalClient,
  type LazyPromise,
  ownTransactionOf,
  type TransactionHandle,
  type TransactionLimits,
  transactionOf,
} from "../prisma/internals.js";
import { callOf, isPrismaPromise, sendWith } from "../prisma/lazy-promise.js";
import { executeIn } from "../prisma/own-client.js";
import { assertReplaced } from "../prisma/replace-steps.js";
import { callsChecked, checkedBeforeBatch, queriesChecked } from "../prisma/self-check.js";
import { keepOrder } from "./call-order.js";
import { batchItemOf, joinable } from "./joined-batch.js";
import { transactionTimeoutMs } from "./limits.js";
import { forgetTransaction, isInsideTransaction } from "./scope.js";
import { hasEnded, inQueue, nestedInQueue, ownTransaction } from "./transaction-queue.js";

/** On a place in a batch: the transaction that the batch became. */
const TRANSACTION = Symbol("ex-event-bus.transaction");

/** On a promise of `$publish`, which Prisma knows nothing of. */
export const PUBLISH: unique symbol = Symbol.for("ex-event-bus.publish");

interface BatchPlace extends CallHandle {
  readonly index: number;
  /** Undefined: none. */
  readonly [TRANSACTION]: TransactionHandle | undefined;
  /** Whether the promise in this place has been answered. */
  isOver?: boolean;
}

/** What `$transaction` of an extended client builds on. */
export interface TransactionWiring {
  /** `$transaction` as it was before. */
  readonly base: InternalClient["$transaction"];
  /** The client without extensions; a client of a transaction cannot be followed to it: its parents have no end. */
  readonly root: InternalClient;
  /** Limits of a batch that becomes an interactive transaction, where the caller gives none. */
  readonly defaults: TransactionLimits;
  /** The client of a transaction, as `client` would have made it. */
  within(client: InternalClient, inner: InternalClient): InternalClient;
  /** Whether such calls can be captured. */
  isHooked(model: string, action: string): boolean;
}

/**
 * `$transaction` of an extended client. Batches in which something is captured become an interactive transaction
 * that runs their promises one after the other: a hook can send no statement into a batch of Prisma's own.
 * All other input is passed on unchanged.
 */
export function transaction(
  wiring: TransactionWiring,
  client: InternalClient,
  input: unknown,
  options: unknown,
): Promise<unknown> {
  const outer = transactionOf(client);
  const isBatch = isListOfPromises(input);
  if (isBatch && needsCapture(input, wiring.isHooked)) {
    const [only, ...others] = input;
    if (outer === undefined && only !== undefined && others.length === 0) return runAlone(only);
    const { root } = wiring;
    const limits = { ...wiring.defaults, ...(options as TransactionLimits | undefined) };
    const work = (inner: InternalClient) => runBatch(ownTransactionOf(inner), input);
    const run = async (check: Promise<void> | undefined) => {
      try {
        if (check !== undefined) await check;
        return await runCallback(wiring, client, work, limits, outer === undefined);
      } catch (error) {
        throw asOfBatch(asCallFailure(error, root, { clientMethod: "$transaction" }), root);
      }
    };
    return outer?.kind === "itx"
      ? inQueue(outer, () => run(queriesChecked(root, outer)))
      : run(checkedBeforeBatch(root, limits));
  }
  if (isBatch && (isInsideTransaction() || input.some(isUnknown)))
    return wiring.base.call(client, joinable(input), options);
  if (Array.isArray(input) && !isBatch) return wiring.base.call(client, othersIn(input), options);
  if (typeof input !== "function") return wiring.base.call(client, input, options);
  const callback = input as (inner: InternalClient) => Promise<unknown>;
  const run = () => runCallback(wiring, client, callback, options, outer === undefined);
  return outer?.kind === "itx" ? nestedInQueue(outer, run) : run();
}

/**
 * Runs a callback in a transaction of its own such that nothing that it starts outlives it.
 *
 * @throws what the callback throws, and what Prisma does; P2034 also where PostgreSQL finds a conflict at COMMIT only.
 */
async function runCallback(
  { base, root, within }: TransactionWiring,
  client: InternalClient,
  callback: (inner: InternalClient) => Promise<unknown>,
  options: unknown,
  isOutermost: boolean,
): Promise<unknown> {
  let own: TransactionHandle | undefined;
  const { timeout: timeoutMs = transactionTimeoutMs(client) } = (options ?? {}) as TransactionLimits;
  const work = (inner: InternalClient) => {
    own = ownTransactionOf(inner);
    const capturing = within(client, inner);
    assertReplaced(capturing);
    const isAborted = () => refuses(root, ownTransactionOf(inner));
    return ownTransaction(own, timeoutMs, async () => await callback(capturing), isAborted);
  };
  keepOrder(client);
  try {
    if (isOutermost) await callsChecked(root);
    return await base.call(client, work, options);
  } catch (error) {
    throw own === undefined ? error : await asConflictAtCommit(error, root, own);
  } finally {
    if (own !== undefined) hasEnded(own);
    if (isOutermost && own !== undefined) forgetTransaction(own.id);
  }
}

/** Whether PostgreSQL has aborted a transaction: it would answer COMMIT with a rollback, of which Prisma says nothing. */
async function refuses(root: InternalClient, transaction: TransactionHandle): Promise<boolean> {
  return executeIn(root, transaction, "select 1").then(
    () => false,
    (error: unknown) => databaseFailure(error)?.state === "25P02",
  );
}

/** A batch of one is no transaction to Prisma, which sends the call as if it were alone. */
async function runAlone(promise: LazyPromise): Promise<readonly unknown[]> {
  // Prisma sends together what has the same id.
  const handle: BatchPlace = { ...openHandle(uuidV7()), [TRANSACTION]: undefined };
  return [await sendWith(promise, handle)];
}

async function runBatch(
  transaction: TransactionHandle,
  promises: readonly LazyPromise[],
): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  for (const [index, promise] of promises.entries()) {
    const handle = place(transaction, index);
    try {
      results.push(await sendWith(promise, handle));
    } finally {
      handle.isOver = true;
    }
  }
  return results;
}

/**
 * A place in the batch, which turns into the transaction as Prisma comes to send the query. As a transaction from
 * the start it would make the promise remember its result, and a batch that is run again (by code that retries)
 * would write nothing; as a batch to the end, promises of other clients would leave the transaction.
 */
function place(transaction: TransactionHandle, index: number): BatchPlace {
  const handle: BatchPlace = { kind: "batch", id: transaction.id, index, [TRANSACTION]: transaction };
  lockHandle(handle, { opens: () => transaction });
  return handle;
}

/**
 * The interactive transaction that a call is in.
 *
 * @throws EventBusError `TRANSACTION_ESCAPED` for a batch that the extension did not see.
 */
export function resolveTransaction(
  handle: TransactionHandle | BatchHandle | undefined,
  call: string,
): TransactionHandle | undefined {
  if (handle === undefined) return undefined;
  if (TRANSACTION in handle) return (handle as BatchPlace)[TRANSACTION];
  if (handle.kind === "itx") return handle;
  throw new EventBusError(
    "TRANSACTION_ESCAPED",
    `${call} was called in $transaction([…]) of a client without the event bus, where its events could not be ` +
      "written with it. Nothing was written. Expected $transaction of the extended client; where another extension " +
      "does this with query(args), apply the event bus first: new PrismaClient(…).$extends(eventBus(…)).$extends(…).",
    { value: call },
  );
}

/** Whether a call has been put into a batch that became a transaction, see {@link resolveTransaction}. */
export function isPlaceInTransaction(handle: object): boolean {
  return TRANSACTION in handle;
}

/** Whether a handle is a place in a batch that does not wait for it any more: Prisma leaves it to the call. */
export function isOver(handle: object): boolean {
  return (handle as Partial<BatchPlace>).isOver === true || batchItemOf(handle)?.isOpen === false;
}

function isListOfPromises(input: unknown): input is readonly LazyPromise[] {
  return Array.isArray(input) && input.length > 0 && input.every(isPrismaPromise);
}

/**
 * What Prisma refuses a list for, alone. Prisma starts the calls before it, and leaves them: a captured one would be
 * refused where nothing awaits it, and an unhandled rejection ends the process.
 */
function othersIn(list: readonly unknown[]): readonly unknown[] {
  return list.filter((item) => !isPrismaPromise(item));
}

/** A raw statement, or what a hook of an extension was given to go on with: that can be a captured call. */
function isUnknown(promise: LazyPromise): boolean {
  return callOf(promise) === undefined;
}

function needsCapture(
  promises: readonly LazyPromise[],
  isHooked: (model: string, action: string) => boolean,
): boolean {
  return promises.some((promise) => {
    if (PUBLISH in promise) return true;
    const { model, action } = callOf(promise) ?? {};
    return model !== undefined && action !== undefined && isHooked(model, action);
  });
}
