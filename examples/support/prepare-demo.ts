import { Pool } from "pg";
import color from "picocolors";

import { type LogLine, runCli } from "./cli.js";
import { createDemoDatabase, demoServer } from "./demo-database.js";
import { showProgress } from "./progress.js";
import type { CleanUp } from "./run-demo.js";
import { startWorker, type WorkerProcess } from "./worker-process.js";

/** Everything that a demo runs on. */
export interface PreparedDemo {
  /** For looking at the database; the application has its Prisma client. */
  readonly pool: Pool;
  readonly workers: readonly WorkerProcess[];
  /** Rejects when a worker ends too early; otherwise as `work` does. */
  guard<T>(work: Promise<T>): Promise<T>;
}

/**
 * A server, a database with all tables, the event bus, and two worker processes, as an operator would start them:
 * `ex-event-bus migrate`, then `ex-event-bus worker` twice.
 *
 * From then on `DATABASE_URL` names the demo's database: modules that make a Prisma client have to be imported later.
 */
export async function prepareDemo(
  name: string,
  config: URL,
  onLine: (worker: string, line: LogLine) => void,
  cleanUp: CleanUp,
): Promise<PreparedDemo> {
  const setup = showProgress("setting up", 5);
  try {
    setup.update(0, "starting PostgreSQL");
    const server = await demoServer(cleanUp);
    setup.update(1, "creating the tables");
    const database = await createDemoDatabase(server, name, cleanUp);
    setup.update(2, "ex-event-bus migrate");
    await runCli("migrate", config, database.url, cleanUp);
    setup.update(3, "ex-event-bus worker, twice");
    const workers = await Promise.all(
      ["worker 1", "worker 2"].map((worker) =>
        startWorker(worker, config, database.url, (line) => onLine(worker, line), cleanUp),
      ),
    );
    setup.update(5, "ready");
    setup.stop();
    console.log(color.dim(`database   ${database.name} on ${server.description}; goes with the demo`));
    for (const worker of workers) console.log(color.dim(`${worker.name}   process ${worker.pid}`));

    process.env["DATABASE_URL"] = database.url;
    const pool = new Pool({ connectionString: database.url, max: 2, application_name: "demo" });
    cleanUp(() => pool.end());
    return {
      pool,
      workers,
      guard: (work) => Promise.race([work, ...workers.map(({ failure }) => failure)]),
    };
  } finally {
    setup.stop();
  }
}
