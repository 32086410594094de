import { EventBusError } from "../errors.js";
import { encodeEvent } from "../outbox/encode-event.js";
import { ABORT } from "../outbox/lock-row.js";
import { publishEvents } from "../outbox/publish-events.js";
import type { EventDraft } from "../registry/event-type.js";
import { loadBefore, sourceSchema } from "./before-row.js";
import type { Bus } from "./bus.js";
import { capturedEvents } from "./captured-events.js";
import { type Mutation, type Written, write } from "./mutation.js";
import {
  asWriteConflict,
  executeIn,
  executorIn,
  type InternalClient,
  ownTransactionOf,
  type TransactionHandle,
} from "./prisma-internals.js";
import { inTurn } from "./transaction-queue.js";

/** Runs a mutation in the caller's transaction, and writes its events there. */
export function captureIn(bus: Bus, transaction: TransactionHandle, mutation: Mutation): Promise<unknown> {
  return inTurn(transaction.id, () => capture(bus, transaction, mutation));
}

/** Runs a mutation that is in no transaction in one of its own. */
export function captureAlone(bus: Bus, mutation: Mutation): Promise<unknown> {
  const { maxWaitMs, timeoutMs } = bus.options.transaction;
  return bus.root.$transaction(
    (client: InternalClient) => captureIn(bus, ownTransactionOf(client), mutation),
    { maxWait: maxWaitMs, timeout: timeoutMs },
  );
}

/** plan (made by the caller) → load before → write → load after (the write's own answer) → diff → publish */
async function capture(bus: Bus, transaction: TransactionHandle, mutation: Mutation): Promise<unknown> {
  const before = await loadBefore(bus, transaction, mutation).catch((error: unknown) => {
    throw asWriteConflict(error, bus.root);
  });
  const written = await write(bus, transaction, mutation);
  try {
    await publishCaptured(bus, transaction, mutation, before, written);
  } catch (error) {
    throw await abort(bus, transaction, error);
  }
  return written.result;
}

async function publishCaptured(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: Mutation,
  before: Readonly<Record<string, unknown>> | undefined,
  { row }: Written,
): Promise<void> {
  const { model, operation } = mutation;
  if (operation === "update" && before === undefined) throw withoutPast(mutation);
  const drafts = capturedEvents(bus, mutation, before, operation === "delete" ? (before ?? row) : row);
  if (drafts.length === 0) return;
  const schema = await sourceSchema(bus, model);
  await store(bus, transaction, drafts, schema);
}

async function store(
  bus: Bus,
  transaction: TransactionHandle,
  drafts: readonly EventDraft[],
  schema: string,
): Promise<void> {
  const options = { maxEventBytes: bus.options.maxEventBytes, sourceSchema: schema };
  const events = drafts.map((draft) => encodeEvent(draft, options));
  await publishEvents(executorIn(bus.root, transaction), bus.options.database, events);
}

/**
 * After the mutation ran, whatever fails must keep PostgreSQL from committing it, even when the application catches
 * the error: a statement that fails puts the transaction (or its savepoint) into a state that only a rollback ends.
 */
async function abort(bus: Bus, transaction: TransactionHandle, error: unknown): Promise<unknown> {
  await executeIn(bus.root, transaction, ABORT).catch(() => undefined);
  return asWriteConflict(error, bus.root);
}

function withoutPast({ model, operation, args }: Mutation): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} changed a row that could not be found beforehand, so its old values are not ` +
      "known; the transaction was aborted. Expected a where with a unique key of the model.",
    { value: args["where"], path: `${model.name}.${operation}` },
  );
}
