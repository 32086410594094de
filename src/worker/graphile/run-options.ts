import type { RunnerOptions, TaskList } from "graphile-worker";
import type { Pool } from "pg";
import { VERSION } from "../../outbox/package-version.js";
import type { WorkerSetup } from "../worker-setup.js";
import type { ClaimGate } from "./claim-gate.js";
import { concurrencyOf } from "./concurrency.js";
import { quietLogger } from "./quiet-logger.js";
import type { GraphileWatch } from "./watch-run.js";

/** The parts of one run that its options are made of. */
export interface GraphileStart {
  readonly setup: WorkerSetup;
  readonly pool: Pool;
  readonly tasks: TaskList;
  /** graphile-worker takes no job before `ready` resolves. */
  readonly watch: Pick<GraphileWatch, "events" | "ready">;
  /** Whether a connection keeps its session from one transaction to the next, as it does not through some poolers. */
  readonly listens: boolean;
  /** Called before the loops are told to stop, and awaited. */
  readonly mayStop: () => Promise<void>;
  /** If undefined, graphile-worker has as many loops as handlers may run, or takes jobs in advance. */
  readonly gate?: ClaimGate | undefined;
}

/**
 * The options of one run of graphile-worker. Each run needs a new object, because graphile-worker keeps results by the object, also
 * failed ones.
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
    // Otherwise it would run a file named crontab in the current folder.
    parsedCronItems: [],
    events: watch.events,
    logger: quietLogger(log),
    // Its handling of signals would end the process, and works only once.
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
        // Through a pooler in transaction mode, the next transaction can be in a session that has not prepared them.
        preparedStatements: listens,
        ...IN_BATCHES,
      },
    },
  };
}

/** Without batches, completing a job is not awaited: a connection that breaks then would end the process. */
export const IN_BATCHES = { completeJobBatchDelay: 0, failJobBatchDelay: 0 } as const;
