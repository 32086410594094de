import { EventBusError } from "../errors.js";
import { type Claim, claimDelivery, committedClaims } from "../outbox/claim-delivery.js";
import { executorOf, type PrismaQueryable } from "../outbox/executor.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import { type Attempt, nextClaim } from "./attempt.js";
import { isWriteConflict, stateOf } from "./connection-error.js";
import type { DeliverDeps } from "./deliver-deps.js";
import type { DeliveryJob } from "./delivery-job.js";
import { outcomeOfFailure } from "./failed-attempt.js";
import { type Decisions, decisions } from "./handler-decision.js";
import { DELIVERED, STALE } from "./outcome.js";
import { retryWhileUnreachable } from "./retry-while-unreachable.js";
import { callHandler, failed, outcomeOfThrown } from "./run-plain.js";
import { transactionalClient } from "./transactional-client.js";
import { withDeadline } from "./with-deadline.js";

/** How often a transaction is run again at once after a conflict with another one. */
const RERUNS = 5;
/** How long getting a connection, and ending a transaction, may take, in milliseconds. */
const LONGEST_WAIT_MS = 10_000;
const END_MS = 5_000;

/**
 * Runs a handler in a transaction that first claims the delivery. The claim makes the effects happen exactly once: no other worker
 * can claim the delivery until the transaction has ended, and after the commit the delivery is made. If the process is frozen or
 * cut off meanwhile, the server ends the transaction.
 *
 * @throws if the handler could not be called.
 */
export async function runTransactional(
  job: DeliveryJob,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
): Promise<Attempt> {
  const attempt = failed(loaded, subscriber, deps);
  for (let rerun = 0; ; rerun++) {
    const claim = nextClaim(deps.worker);
    const run = await retryWhileUnreachable(deps, () => transact(job, loaded, subscriber, deps, claim));
    if (!run.taken) return { outcome: STALE, isRecorded: true, claim };
    if ("thrown" in run) {
      const { thrown, asked } = run;
      const isAgain = rerun < RERUNS && asked.last() === undefined && isWriteConflict(thrown);
      if (!isAgain) return { outcome: outcomeOfThrown(thrown, asked, attempt), isRecorded: false, claim };
    } else {
      const confirm = async () =>
        (await isCommitted(job, deps, claim)) ? undefined : outcomeOfFailure(aborted(subscriber), attempt);
      return { outcome: DELIVERED, isRecorded: true, claim, confirm };
    }
  }
}

interface Run {
  /** False if another worker has changed the delivery. */
  readonly taken: boolean;
  readonly asked: Decisions;
  /** The error of the handler or the commit. */
  readonly thrown?: unknown;
}

/** @throws the error because of which the handler could not be called. */
async function transact(
  job: DeliveryJob,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
  claim: string,
): Promise<Run> {
  const { timeoutMs, isolationLevel } = subscriber.policy;
  const { deadAfterMs } = deps;
  const limits = deadAfterMs === undefined ? undefined : limitsOf(timeoutMs, deadAfterMs);
  const asked = decisions();
  let taken: boolean | undefined;
  let left = (): void => undefined;
  const isOver = new Promise<void>((resolve) => {
    left = resolve;
  });
  const body = async (tx: PrismaQueryable) => {
    const claiming = claimDelivery(executorOf(tx), deps.names, { ...job, claim, limits });
    taken = await answered(claiming, (limits?.lockMs ?? timeoutMs) + END_MS);
    if (!taken) return;
    await callHandler(loaded, subscriber, deps, asked, { tx });
    // It is not delivered: the handler's writes are rolled back.
    if (asked.last() !== undefined) throw new Error("the handler asked for another outcome");
    // In a transaction of the caller, an abort would otherwise show only when the savepoint cannot be released.
    if (limits === undefined) await assertAlive(tx, { ...job, claim }, subscriber, deps);
  };
  let failure: { readonly thrown: unknown } | undefined;
  const run = async (tx: PrismaQueryable) => {
    try {
      await body(tx);
    } catch (thrown) {
      failure = { thrown };
      throw thrown;
    } finally {
      left();
    }
  };
  const client = transactionalClient(deps.prisma, subscriber, "the configuration");
  try {
    const transaction = client.$transaction(run, {
      maxWait: LONGEST_WAIT_MS,
      // Longer than the package's own limits, whose errors say more.
      timeout: timeoutMs + deps.graceMs + (deadAfterMs ?? 0) + 3 * END_MS,
      ...(isolationLevel === undefined ? {} : { isolationLevel }),
    });
    // A connection that does not answer would never settle.
    await Promise.race([transaction, isOver.then(() => answered(transaction, END_MS))]);
  } catch (thrown) {
    if (taken === undefined) throw thrown;
    // The error of a late rollback says less than the reason for the rollback.
    return { taken, asked, thrown: failure === undefined ? thrown : failure.thrown };
  }
  return { taken: taken === true, asked };
}

/** @throws EventBusError `DATABASE_UNREACHABLE` if the database does not answer in time. */
function answered<T>(answer: Promise<T>, ms: number): Promise<T> {
  return withDeadline(
    answer,
    ms,
    () => new EventBusError("DATABASE_UNREACHABLE", `The database did not answer within ${ms} ms.`),
  );
}

function limitsOf(timeoutMs: number, deadAfterMs: number) {
  return {
    idleMs: Math.min(timeoutMs, deadAfterMs),
    statementMs: timeoutMs,
    // A worker that is cut off locks the row no longer than this.
    lockMs: deadAfterMs + 1_000,
  };
}

/** PostgreSQL turns the commit of an aborted transaction into a rollback without an error, and Prisma does not notice. */
function isCommitted(job: DeliveryJob, deps: DeliverDeps, claim: string): Promise<boolean> {
  const asked = { ...job, claim };
  return retryWhileUnreachable(deps, () => deps.outbox.confirm(asked));
}

async function assertAlive(
  tx: PrismaQueryable,
  claim: Pick<Claim, "position" | "subscriptionId" | "claim">,
  subscriber: Subscriber,
  { names }: DeliverDeps,
): Promise<void> {
  try {
    await committedClaims(executorOf(tx), names, [claim]);
  } catch (error) {
    throw stateOf(error) === "25P02" ? aborted(subscriber) : error;
  }
}

function aborted(subscriber: Subscriber): EventBusError {
  return new EventBusError(
    "TRANSACTION_ABORTED",
    `A statement on ctx.tx failed, and the handler of "${subscriber.name}" went on: PostgreSQL has rolled back everything. ` +
      "Let such errors leave the handler, or put statements that may fail into ctx.tx.$transaction().",
  );
}
