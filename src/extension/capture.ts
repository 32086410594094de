import { ABORT, ABORT_FOR_RETRY } from "../outbox/lock-row.js";
import type { EventMetadata } from "../registry/event.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import { hasCreated } from "./before-row.js";
import type { BulkMutation } from "./bulk/bulk-call.js";
import { writeMany } from "./bulk/write-many.js";
import type { Bus } from "./bus.js";
import { changesOf } from "./captured-events.js";
import { LostRace } from "./lost-race.js";
import { FailedAfterWriting, type Mutation, type Written, write } from "./mutation.js";
import { isBulk } from "./plan.js";
import { asConflictAtCommit, asWriteConflict } from "./prisma-errors.js";
import {
  executeIn,
  type InternalClient,
  ownTransactionOf,
  type TransactionHandle,
} from "./prisma-internals.js";
import { publishInParts } from "./rows/publish-in-parts.js";
import type { RowChange } from "./rows/row-change.js";
import { inTurn } from "./transaction-queue.js";

/** A captured call of one row, or of many. */
type AnyMutation = Mutation | BulkMutation;

function isBulkMutation(mutation: AnyMutation): mutation is BulkMutation {
  return isBulk(mutation.operation);
}

/** Runs a mutation in the caller's transaction, and writes its events there. */
export async function captureIn(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: AnyMutation,
): Promise<unknown> {
  try {
    return await inTurn(transaction, () => capture(bus, transaction, mutation));
  } catch (error) {
    // Only the caller can run a transaction of its own again: said in Prisma's way of saying so.
    if (error instanceof LostRace) throw await abort(bus, transaction, error, ABORT_FOR_RETRY);
    throw error;
  }
}

/** How often a mutation is run again because others kept writing its row at the same moment. */
const RETRIES = 5;

/** Runs a mutation that is in no transaction in one of its own. */
export async function captureAlone(bus: Bus, mutation: AnyMutation): Promise<unknown> {
  const { maxWaitMs, timeoutMs } = bus.options.transaction;
  for (let attempt = 1; ; attempt++) {
    let own: TransactionHandle | undefined;
    const work = (client: InternalClient) => {
      const transaction = ownTransactionOf(client);
      own = transaction;
      if (attempt > RETRIES) return captureIn(bus, transaction, mutation);
      return inTurn(transaction, () => capture(bus, transaction, mutation));
    };
    try {
      return await bus.root.$transaction(work, { maxWait: maxWaitMs, timeout: timeoutMs });
    } catch (error) {
      if (error instanceof LostRace) continue;
      throw own === undefined ? error : await asConflictAtCommit(error, bus.root, own);
    }
  }
}

/** load before → write → load after (the write's own answer): all in `write`; then diff → publish */
async function capture(bus: Bus, transaction: TransactionHandle, mutation: AnyMutation): Promise<unknown> {
  try {
    if (isBulkMutation(mutation)) return await writeMany(bus, transaction, mutation);
    const { result, written } = await write(bus, transaction, mutation);
    await checkCreated(bus, transaction, mutation, written);
    try {
      const changes: RowChange[] = [];
      for (const one of written) changes.push(...(await changesOf(bus, transaction, mutation, one)));
      await publishInParts(bus, transaction, changes, metadataOf(mutation, written));
    } catch (error) {
      throw error instanceof LostRace ? error : new FailedAfterWriting(error);
    }
    return result;
  } catch (error) {
    if (error instanceof FailedAfterWriting) throw await abort(bus, transaction, error.error, ABORT);
    throw error;
  }
}

/** What a call that can lead to several events says of all of them. */
function metadataOf({ extras }: Mutation, written: readonly Written[]): EventMetadata | undefined {
  const isFar = written.some(({ far }) => far !== undefined);
  return isFar ? { mutationId: uuidV7(), ...extras.metadata } : extras.metadata;
}

/** An upsert that found no row may still have changed one, when another transaction created it meanwhile. */
async function checkCreated(
  bus: Bus,
  transaction: TransactionHandle,
  { model }: Mutation,
  written: readonly Written[],
): Promise<void> {
  for (const { past } of written) {
    if (
      past.row !== undefined ||
      past.counters === undefined ||
      (await hasCreated(bus, transaction, model, past.counters))
    )
      continue;
    throw new LostRace();
  }
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
  error: unknown,
  statement: string,
): Promise<unknown> {
  const failure: unknown = await executeIn(bus.root, transaction, statement).catch(
    (raised: unknown) => raised,
  );
  return asWriteConflict(error instanceof LostRace ? failure : error, bus.root);
}
