import { mayNotRead } from "../capture/not-captured.js";
import type { RowChange } from "../capture/row-change.js";
import { writesMany } from "../models/operations.js";
import { databaseFailure } from "../outbox/database-error.js";
import { ABORT, ABORT_FOR_RETRY } from "../outbox/lock-row.js";
import type { EventMetadata } from "../registry/event.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import type { BulkMutation } from "./bulk/bulk-call.js";
import { writeMany } from "./bulk/write-many.js";
import { capturesReferentialActions } from "./catalog/captured-actions.js";
import { forgetCatalog, knowCatalog, knownCatalog } from "./catalog/catalog.js";
import { FailedAfterWriting, type Mutation, type Written } from "./one-row/mutation.js";
import { readAfter } from "./one-row/read-after.js";
import { checkCreated } from "./one-row/upsert.js";
import { write } from "./one-row/write.js";
import type { Bus } from "./prisma/bus.js";
import { asCallFailure, asFailureAround, isOwnConflict } from "./prisma/errors.js";
import { asOurs, type InternalClient, ownTransactionOf, type TransactionHandle } from "./prisma/internals.js";
import { executeIn, ownClientOf } from "./prisma/own-client.js";
import { queriesChecked } from "./prisma/self-check.js";
import { LostRace } from "./rows/lost-race.js";
import { publishChanges } from "./rows/publish-changes.js";
import { startedCallOf } from "./transactions/call-order.js";
import { inQueue, noteFailure } from "./transactions/transaction-queue.js";

/** A captured call of one row, or of many. */
export type AnyMutation = Mutation | BulkMutation;

function isBulkMutation(mutation: AnyMutation): mutation is BulkMutation {
  return writesMany(mutation.operation);
}

/** Runs a mutation in the caller's transaction, and writes its events there. */
export async function captureIn(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: AnyMutation,
): Promise<unknown> {
  try {
    const call = startedCallOf(mutation.params);
    return await inQueue(transaction, () => capture(bus, transaction, mutation), call);
  } catch (error) {
    // Only the caller can run its transaction again. Prisma's P2034 asks for that.
    if (!(error instanceof LostRace)) throw error;
    const told = await abort(bus, transaction, mutation, error, ABORT_FOR_RETRY);
    if (told instanceof Error) repeatable.add(told);
    throw told;
  }
}

const repeatable = new WeakSet<object>();

/** Whether a call failed only because it lost a race or met a conflict, so that it may succeed if it is run again. */
export function isRepeatable(error: unknown): boolean {
  return error instanceof Error && repeatable.has(error);
}

const PERMISSION_DENIED = "42501";

/** How often a mutation is run again after a lost race or a conflict. */
export const RETRIES = 5;

/** Runs a mutation that is in no transaction in one of its own. */
export async function captureAlone(bus: Bus, mutation: AnyMutation): Promise<unknown> {
  const { maxWaitMs, timeoutMs } = bus.options.transaction;
  const catalog = knownCatalog(bus);
  // What runs beside it in its transaction cannot be run again here.
  const isJoined = mutation.finish !== undefined;
  for (let attempt = 1; ; attempt++) {
    let isInside = false;
    const work = async (client: InternalClient) => {
      isInside = true;
      const transaction = ownTransactionOf(client);
      // No other code knows the transaction, and no hook of an extension runs from here on: a call alone needs no queue.
      const isQueued = isJoined || attempt > RETRIES;
      const result = await (isQueued ? captureIn : capture)(bus, transaction, mutation);
      await mutation.finish?.();
      isInside = false;
      return result;
    };
    try {
      return await ownClientOf(bus.root).$transaction(work, { maxWait: maxWaitMs, timeout: timeoutMs });
    } catch (error) {
      const isLost =
        (attempt <= RETRIES && (error instanceof LostRace || isOwnConflict(error))) ||
        // The role may have lost the right to lock rows since it was asked for its rights.
        (databaseFailure(error)?.state === PERMISSION_DENIED && forgetCatalog(bus, catalog));
      if (isLost && !isJoined) continue;
      if (isLost && error instanceof Error) repeatable.add(error);
      throw isInside ? error : asFailureAround(error, bus.root, mutation.params);
    }
  }
}

/**
 * A captured call, step by step. Reading the row before and writing it are one step of Prisma's, see {@link write}; many
 * rows go the same way in chunks, see {@link writeMany}; what is read of other rows, before and after, is in
 * `one-row/effects.ts`.
 */
async function capture(bus: Bus, transaction: TransactionHandle, given: AnyMutation): Promise<unknown> {
  let mutation: AnyMutation | undefined = given;
  try {
    const checking = queriesChecked(bus.root, transaction);
    if (checking !== undefined) await checking;

    // Plan again where the first plan was made before the catalog was read: it took every related row for a captured one.
    if (isFirst(bus)) mutation = await plannedAgain(bus, transaction, given);
    if (mutation === undefined)
      return await given.query(given.args, asOurs({ ...given.params, transaction }));
    if (!mayReadOwn(bus, mutation)) throw mayNotRead(mutation.model);
    if (isBulkMutation(mutation)) return await writeMany(bus, transaction, mutation);

    // Read before, write.
    const { result, written } = await write(bus, transaction, mutation);
    for (const one of written)
      if (one.past.counters !== undefined) await checkCreated(bus, transaction, mutation.model, one);
    try {
      // Read after, with the effects on other rows.
      const changes: RowChange[] = [];
      for (const one of written) changes.push(...(await readAfter(bus, transaction, mutation, one)));

      // Publish.
      await publishChanges(bus, transaction, changes, metadataOf(mutation, written));
    } catch (error) {
      throw error instanceof LostRace ? error : new FailedAfterWriting(error);
    }
    return result;
  } catch (error) {
    if (error instanceof FailedAfterWriting) throw await abort(bus, transaction, given, error.error, ABORT);
    const told = asCallFailure(error, bus.root, given.params);
    if (told !== error) noteFailure(transaction, told);
    throw told;
  }
}

/** Whether a call is the first of its client that needs the catalog, for referential actions. */
function isFirst(bus: Bus): boolean {
  return knownCatalog(bus) === undefined && capturesReferentialActions(bus);
}

/** A call as it is planned with the catalog; undefined: there is nothing to capture. */
async function plannedAgain(
  bus: Bus,
  transaction: TransactionHandle,
  given: AnyMutation,
): Promise<AnyMutation | undefined> {
  await knowCatalog(bus, transaction);
  const plan = given.planFor(given.args);
  return plan && { ...given, plan };
}

/** Whether the role may read the call's own rows. The first call of a client is planned before the catalog says so. */
function mayReadOwn(bus: Bus, { model, plan }: AnyMutation): boolean {
  const isCaptured = plan.create.length + plan.update.length + plan.delete.length > 0;
  return (
    !isCaptured ||
    knownCatalog(bus)?.table(model)?.mayRead !== false ||
    bus.options.uncaptured.has(model.name)
  );
}

/** What a call that can lead to several events says of all of them. */
function metadataOf({ metadata }: Mutation, written: readonly Written[]): EventMetadata | undefined {
  const hasEffects = written.some(({ related }) => related !== undefined);
  return hasEffects ? { mutationId: uuidV7(), ...metadata } : metadata;
}

/**
 * After the mutation ran, whatever fails must keep PostgreSQL from committing it, even when the application catches
 * the error: a statement that fails puts the transaction (or its savepoint) into a state that only a rollback ends.
 *
 * @returns what to throw.
 */
async function abort(
  bus: Bus,
  transaction: TransactionHandle,
  { params }: AnyMutation,
  error: unknown,
  statement: string,
): Promise<unknown> {
  const failure: unknown = await executeIn(bus.root, transaction, statement).catch(
    (raised: unknown) => raised,
  );
  const told = asCallFailure(error instanceof LostRace ? failure : error, bus.root, params);
  noteFailure(transaction, told);
  return told;
}
