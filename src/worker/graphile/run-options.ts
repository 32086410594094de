import type { RunnerOptions, TaskList, WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import { queueSizeOf } from "../queue-size.js";
import { VERSION } from "../version.js";
import type { WorkerSetup } from "../worker-setup.js";
import { type ClaimGate, openClaimGate } from "./claim-gate.js";
import { quietLogger } from "./quiet-logger.js";
import type { GraphileWatch } from "./watch-run.js";

/** What graphile-worker is started with. */
export interface GraphileStart {
  readonly setup: WorkerSetup;
  readonly pool: Pool;
  readonly tasks: TaskList;
  /** No job is claimed before it is ready. */
  readonly watch: Pick<GraphileWatch, "events" | "ready">;
  /** Whether connections keep what belongs to them from one transaction to the next. */
  readonly listens: boolean;
  /** Its workers are not told to stop before it resolves. */
  readonly mayStop: () => Promise<void>;
  /** Without, as many jobs are under way as handlers may run. */
  readonly gate?: ClaimGate | undefined;
}

/**
 * Options for one run of graphile-worker. A new object each time: it remembers by the object what it once found out,
 * failures too.
 */
export function graphileOptions({
  setup,
  pool,
  tasks,
  watch,
  mayStop,
  listens,
  gate,
}: GraphileStart): RunnerOptions {
  const { config, names, log } = setup;
  return {
    pgPool: pool,
    schema: names.workerSchema,
    taskList: tasks,
    // It would look for a file named crontab in the current folder, and carry out what is in it.
    parsedCronItems: [],
    events: watch.events,
    logger: quietLogger(log),
    // It would end the process by itself, and only once.
    noHandleSignals: true,
    ...(gate === undefined ? {} : { forbiddenFlags: gate.enter }),
    preset: {
      plugins: [
        {
          name: "ExEventBusPlugin",
          version: VERSION,
          worker: {
            hooks: { startWorker: async () => void (await watch.ready) },
            middleware: {
              async poolGracefulShutdown(next) {
                await mayStop();
                return next();
              },
            },
          },
        },
      ],
      worker: {
        ...concurrencyOf(config.worker, gate),
        pollInterval: config.worker.pollIntervalMs,
        // A pooler that does not let listen gives the next transaction to another session, which has not prepared them.
        preparedStatements: listens,
        ...IN_BATCHES,
      },
    },
  };
}

/** Without batches, completing a job is not awaited: a connection that breaks then would end the process. */
export const IN_BATCHES = { completeJobBatchDelay: 0, failJobBatchDelay: 0 } as const;

/**
 * With high throughput jobs are taken in advance and in numbers, and more of them are under way than handlers may run:
 * while some wait for the database to answer, others run.
 */
function concurrencyOf({ concurrency, throughput }: WorkerConfig, gate: ClaimGate | undefined) {
  const size = queueSizeOf({ concurrency, throughput });
  if (size !== undefined) return { concurrentJobs: size, localQueue: { size } };
  return { concurrentJobs: gate === undefined ? concurrency : loopsOf(concurrency) };
}

type WorkerConfig = WorkerSetup["config"]["worker"];

/** As many again as handlers: while their outcomes are written down, others run. */
function loopsOf(concurrency: number): number {
  return 2 * concurrency;
}

/** What holds back graphile-worker while all handlers run. Undefined: it takes jobs in advance anyway. */
export function claimGate(
  events: WorkerEvents,
  { concurrency, throughput }: WorkerConfig,
): ClaimGate | undefined {
  return throughput === "high" ? undefined : openClaimGate(events, loopsOf(concurrency), concurrency);
}
