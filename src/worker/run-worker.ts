import { assertSameDatabase } from "../delivery/same-database.js";
import { invalidOption } from "../registry/check-options.js";
import { canListen } from "./can-listen.js";
import { connectFirst } from "./connect-first.js";
import { serveHealth } from "./health-server.js";
import { subscribeWorker } from "./subscribe-all.js";
import { type Supervisor, supervise } from "./supervise.js";
import {
  assertSubscribers,
  checkRunOptions,
  prepareWorker,
  type RunWorkerOptions,
  type WorkerSetup,
  warnOfPlainClient,
} from "./worker-setup.js";

/** A running worker. */
export interface Worker {
  /**
   * Takes no more deliveries, waits for the running handlers up to `worker.shutdownTimeoutMs`, then aborts their
   * signals, waits a second and abandons them: other workers run those deliveries again, without losing an attempt.
   * Leaves no job locked. Never rejects; further calls return the same promise.
   */
  stop(): Promise<void>;
  /**
   * Resolves once the worker has stopped. Rejects if it cannot go on: if the schema in the database is gone, or has become
   * newer or older than this version of the package supports.
   */
  readonly finished: Promise<void>;
  /** The port of the health checks; undefined without the option `healthPort`. */
  readonly healthPort: number | undefined;
  /** The same as {@link Worker.stop}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a worker, which makes the deliveries of its subscribers until it is stopped.
 *
 * Resolves once the worker is ready. It replaces broken connections, however long that takes. Several workers can run in one
 * process, and any number on one database; each delivery is made by one of them. If a process dies, other workers take over its
 * deliveries after `worker.deadAfterMs`.
 *
 * The worker does not handle signals: in a program of your own, call `stop()` on SIGTERM. The command line tool does that.
 *
 * @throws EventBusError `INVALID_OPTION` (also for a `healthPort` that is taken) or `DUPLICATE_NAME`, before it connects;
 * `INVALID_OPTION` if a subscriber is transactional and `prisma` is not on the worker's database; `DATABASE_UNREACHABLE`;
 * `SCHEMA_MISSING`, `SCHEMA_OUTDATED` or `SCHEMA_TOO_NEW`; `SUBSCRIBER_TAKEN`.
 *
 * @example
 * ```ts
 * await using worker = await runWorker({ prisma, subscribers: [sendWelcome] });
 * await worker.finished;
 * ```
 */
export async function runWorker(options: RunWorkerOptions): Promise<Worker> {
  checkRunOptions(options, ["healthPort", "healthHost"], "runWorker()");
  const { healthPort, healthHost, ...rest } = options;
  checkPort(healthPort);
  const host = checkHost(healthHost, healthPort);
  const setup = await prepareWorker(rest);
  assertSubscribers(setup.subscribers);
  warnOfPlainClient(setup);
  const health =
    healthPort === undefined ? undefined : await serveHealth({ port: healthPort, host }, setup.health);
  try {
    const supervisor = await startSupervisor(setup);
    const finished = supervisor.finished.finally(() => health?.close());
    // A program may await `finished`, but need not: then a rejection must not end the process.
    const over = finished.catch(() => undefined);
    const stop = async () => {
      await supervisor.stop();
      await over;
    };
    return { stop, finished, healthPort: health?.port, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await health?.close();
    throw error;
  }
}

async function startSupervisor(setup: WorkerSetup): Promise<Supervisor> {
  let listens = setup.config.database.listen;
  let policies: readonly number[] = [];
  await connectFirst(setup, async (executor, pool) => {
    await assertSameDatabase(executor, setup.config.prisma, setup.subscribers);
    policies = await subscribeWorker(executor, setup);
    listens ??= await canListen(pool);
  });
  return supervise({ ...setup, policies }, listens === true);
}

function checkPort(port: unknown): void {
  if (port === undefined) return;
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw invalidOption("healthPort", port, "a port, 1 to 65535, or 0 for any free one", { of: "runWorker()" });
}

/** By default, only this machine can connect. */
const LOOPBACK = "127.0.0.1";

function checkHost(host: unknown, port: number | undefined): string {
  if (host === undefined) return LOOPBACK;
  if (typeof host !== "string" || host.trim() === "") {
    const expected = 'the name or address of a network interface, as "127.0.0.1" or "0.0.0.0"';
    throw invalidOption("healthHost", host, expected, { of: "runWorker()" });
  }
  if (port === undefined)
    throw invalidOption("healthHost", host, "none without healthPort", { of: "runWorker()" });
  return host;
}
