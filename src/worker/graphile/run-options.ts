import type { RunnerOptions, TaskList } from "graphile-worker";
import type { Pool } from "pg";
import { VERSION } from "../../outbox/package-version.js";
import type { WorkerSetup } from "../worker-setup.js";
import type { ClaimGate } from "./claim-gate.js";
import { concurrencyOf } from "./concurrency.js";
import { quietLogger } from "./quiet-logger.js";
import type { GraphileWatch } from "./watch-run.js";

/** What graphile-worker is started with. */
export interface GraphileStart {
  readonly setup: WorkerSetup;
  readonly pool: Pool;
  readonly tasks: TaskList;
  /** No job is taken before it is ready. */
  readonly watch: Pick<GraphileWatch, "events" | "ready">;
  /** Whether connections keep what belongs to them from one transaction to the next. */
  readonly listens: boolean;
  /** Its loops are not told to stop before it resolves. */
  readonly mayStop: () => Promise<void>;
  /** Undefined: as many jobs are under way as handlers may run. */
  readonly gate?: ClaimGate | undefined;
}

/**
 * Options for one run of graphile-worker. A new object each time: graphile-worker caches by the object what it has found
 * out, failures too.
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
    // Without, it would run a file named crontab in the current folder.
    parsedCronItems: [],
    events: watch.events,
    logger: quietLogger(log),
    // It would end the process itself, and works only once.
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
        // Through a pooler without LISTEN, the next transaction is on another session, which has not prepared them.
        preparedStatements: listens,
        ...IN_BATCHES,
      },
    },
  };
}

/** Without batches, completing a job is not awaited: a connection that breaks then would end the process. */
export const IN_BATCHES = { completeJobBatchDelay: 0, failJobBatchDelay: 0 } as const;
