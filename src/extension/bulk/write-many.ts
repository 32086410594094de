import { isEventBusError } from "../../errors.js";
import { WRITE_OPERATIONS } from "../../models/operations.js";
import { databaseFailure } from "../../outbox/database-error.js";
import { uuidV7 } from "../../registry/uuid-v7.js";
import { FailedAfterWriting } from "../one-row/mutation.js";
import type { Bus } from "../prisma/bus.js";
import { isValidationError } from "../prisma/errors.js";
import { assertUnpacked, type Progress } from "../prisma/intercept-request.js";
import { asOurs, incompatible, type TransactionHandle } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import { LostRace } from "../rows/lost-race.js";
import { PublishingLine } from "../rows/publishing-line.js";
import { interceptInTransaction } from "../transactions/joined-batch.js";
import {
  type BulkAnswer,
  type BulkMutation,
  type BulkRun,
  request,
  returnsRows,
  write,
} from "./bulk-call.js";
import { WRITERS } from "./writers.js";

/**
 * Runs a bulk call in `transaction`: its rows are written chunk by chunk, each with its events.
 *
 * @throws FailedAfterWriting when rows were written and their events were not; else what Prisma throws.
 */
export async function writeMany(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: BulkMutation,
): Promise<unknown> {
  const runs: BulkRun[] = [];
  const progress: Progress = { isSent: false, answer: undefined };
  const steps = stepsOf(bus, transaction, mutation, runs);
  // It only waits where the call has its place: the rows are written by requests of our own.
  const params = Object.assign(
    interceptInTransaction(bus.root, mutation.params, transaction, steps, progress),
    { action: "findMany" },
  );
  try {
    const result = await mutation.query(mutation.args, params);
    if (runs.some(isHalfDone)) throw new FailedAfterWriting(incompatible("an answer to a call that failed"));
    assertUnpacked(result, progress);
    return result;
  } catch (error) {
    if (error instanceof FailedAfterWriting || error instanceof LostRace) throw error;
    // The message shows arguments: it must be those of the caller.
    const reason = isValidationError(error) ? await refusalOf(transaction, mutation) : error;
    if (reason === undefined || (runs.some(isHalfDone) && databaseFailure(error) === undefined))
      throw new FailedAfterWriting(reason ?? error);
    throw reason;
  }
}

/** Why Prisma refuses the call; undefined when it did not refuse, and has written. */
function refusalOf(transaction: TransactionHandle, mutation: BulkMutation): Promise<unknown> {
  const { args, params, query } = mutation;
  return query(args, asOurs({ ...params, transaction })).then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
}

function isHalfDone(run: BulkRun): boolean {
  return run.hasWritten && !run.isDone;
}

function stepsOf(bus: Bus, transaction: TransactionHandle, mutation: BulkMutation, runs: BulkRun[]) {
  const { model, operation, args, plan } = mutation;
  const [column = ""] = model.scalars.keys();
  return {
    /** Arguments with which Prisma's `findMany` sends no statement at all, though the client may omit every column. */
    map: (): CallArgs => ({ take: 0, select: { [column]: true } }),
    async before(): Promise<BulkAnswer> {
      const key = model.identity ?? { name: "", fields: [] };
      const metadata =
        plan.effects === undefined ? mutation.metadata : { mutationId: uuidV7(), ...mutation.metadata };
      const state = { line: new PublishingLine(), hasWritten: false, isDone: false };
      const run: BulkRun = { bus, transaction, mutation, key, plan, args, metadata, ...state };
      runs.push(run);
      await checkSelection(run);
      const answer = await WRITERS[WRITE_OPERATIONS[operation].change](run).catch((error: unknown) => {
        if (
          run.hasWritten ||
          !isEventBusError(error, "TOO_MANY_ROWS") ||
          !bus.options.uncaptured.has(model.name)
        )
          throw error;
        return uncaptured(run);
      });
      await run.line.end();
      run.isDone = true;
      return answer;
    },
    unpack(_: unknown, answer: BulkAnswer) {
      return returnsRows(mutation) ? answer.rows : { count: answer.count };
    },
  };
}

/** The call as Prisma makes it. */
async function uncaptured(run: BulkRun): Promise<BulkAnswer> {
  const answer = (await write(run, run.mutation.operation, run.args)) as
    | { readonly count: number }
    | object[];
  return "count" in answer ? { count: answer.count, rows: [] } : { count: answer.length, rows: answer };
}

/**
 * A call that returns a count must not select anything: Prisma is asked to refuse that, before it is asked for rows
 * instead.
 */
async function checkSelection(run: BulkRun): Promise<void> {
  const { args, mutation } = run;
  const given = ["select", "include", "omit"].filter((name) => name in args);
  if (given.length === 0 || returnsRows(mutation)) return;
  const selection = Object.fromEntries(given.map((name) => [name, args[name]]));
  const { idleArgs } = WRITE_OPERATIONS[mutation.operation];
  await request(run, mutation.operation, { ...idleArgs, ...selection });
}
