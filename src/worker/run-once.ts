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

/** Options of {@link runOnce}. */
export interface RunOnceOptions extends RunOptions {
  /**
   * The time after which it takes no more deliveries, in milliseconds. The running handlers then have
   * `worker.shutdownTimeoutMs` to end. Defaults to no limit.
   */
  readonly maxMs?: number | undefined;
}

/** The number of deliveries by outcome. */
export type RunOnceResult = Readonly<Record<DeliveryOutcome, number>>;

const FOR_EVER_MS = 2_147_483_647;

/**
 * Makes the due deliveries, and those of events that their handlers publish, and returns. For cron and serverless functions, where
 * no worker can keep running. Concurrent calls and workers share the deliveries. Leaves no job locked.
 *
 * @throws EventBusError as `runWorker`; also `DATABASE_UNREACHABLE` if the connection breaks meanwhile: the next call makes the
 * remaining deliveries. The error of the database, if it refuses the query for jobs.
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
    // Without a running worker, nothing else does the housekeeping. It gets at most half of the time.
    await runHousekeeping(setup, worker, executor, () => leftMs() < maxMs / 2);
    // Workers without these subscribers may have parked their jobs, and no other worker may run to free them.
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
