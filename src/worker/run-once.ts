import { assertSameDatabase } from "../delivery/same-database.js";
import { type DeliveryOutcome, type Report, reportTo } from "../log/telemetry.js";
import { freeJobs } from "../outbox/graphile/park-jobs.js";
import { invalidOption } from "../registry/check-options.js";
import { connectFirst } from "./connect-first.js";
import { nextWorkerName } from "./deliver-deps.js";
import { runUntilEmpty } from "./graphile/run-until-empty.js";
import { runHousekeeping } from "./housekeeping.js";
import { subscribeWorker } from "./subscribe-all.js";
import { assertSubscribers, checkRunOptions, prepareWorker, type RunOptions } from "./worker-setup.js";

/** What {@link runOnce} is given. */
export interface RunOnceOptions extends RunOptions {
  /**
   * After how long it takes no more deliveries, in milliseconds. The running handlers then have
   * `worker.shutdownTimeoutMs` to end. Defaults to no limit.
   */
  readonly maxMs?: number | undefined;
}

/** How many deliveries had which outcome. */
export type RunOnceResult = Readonly<Record<DeliveryOutcome, number>>;

const FOR_EVER_MS = 2_147_483_647;

/**
 * Makes the deliveries that are due, and those that follow from them, and returns: for cron and serverless functions,
 * where no worker can keep running. Several calls and workers at once share the deliveries. Leaves nothing claimed.
 *
 * @throws EventBusError as `runWorker`; `DATABASE_UNREACHABLE` also when the connection breaks meanwhile: what is not
 * done then is done by the next call. What the database says when it refuses to let deliveries be claimed.
 *
 * @example
 * ```ts
 * const { delivered, dead } = await runOnce({ ...config, maxMs: 50_000 });
 * ```
 */
export async function runOnce(options: RunOnceOptions): Promise<RunOnceResult> {
  checkRunOptions(options, ["maxMs"], "runOnce()");
  const { maxMs = FOR_EVER_MS, ...rest } = options;
  if (typeof maxMs !== "number" || !(maxMs > 0))
    throw invalidOption("maxMs", maxMs, "milliseconds above 0", { of: "runOnce()" });
  const setup = await prepareWorker(rest);
  assertSubscribers(setup.subscribers);
  const startedAt = performance.now();
  const leftMs = () => maxMs - (performance.now() - startedAt);
  const worker = nextWorkerName(setup.host);
  let policies: readonly number[] = [];
  await connectFirst(setup, async (executor) => {
    await assertSameDatabase(executor, setup.config.prisma, setup.subscribers);
    policies = await subscribeWorker(executor, setup);
    // Where no worker runs, nothing else does it. At most half of the time is spent on it.
    await runHousekeeping(setup, worker, executor, () => leftMs() < maxMs / 2);
    // There may be no worker to free the jobs that others, without these subscribers, have parked.
    await freeJobs(executor, setup.names, { own: setup.subscribers.map(({ name }) => name) });
  });
  const counts = { delivered: 0, retrying: 0, snoozed: 0, paused: 0, cancelled: 0, dead: 0, stale: 0 };
  const count: Report = (event) => {
    if (event.type === "deliver:stop") counts[event.outcome] += 1;
  };
  const counting = { ...setup, policies, report: reportTo(setup.report, count) };
  await runUntilEmpty(counting, worker, Math.min(Math.max(leftMs(), 1), FOR_EVER_MS));
  return counts;
}
