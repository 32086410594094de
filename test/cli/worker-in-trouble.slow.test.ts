import { describe, expect, it } from "vitest";

import { eventually } from "../support/eventually.js";
import { startedWorkers } from "./started-workers.js";

const { pool, database, url, publish, deliveries, allIn, workerRows, cli, runWorker } =
  await startedWorkers();

describe("a worker", () => {
  it("goes on on a full disk", async () => {
    const worker = cli(["worker", "--verbose"], { env: { DATABASE_URL: url }, toFullDisk: true });
    // Its heart beats before it says that it is ready; its subscribers are known by then.
    await eventually(async () => expect(await workerRows()).toHaveLength(1));
    await publish(20);
    await allIn("delivered", 20);
    await publish(20);
    await allIn("delivered", 40);
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
  });

  it("goes on when nobody reads its lines any more", async () => {
    const worker = await runWorker({}, ["--verbose"]);
    worker.closeOutput();
    await publish(20);
    await allIn("delivered", 20);
    await publish(20);
    await allIn("delivered", 40);
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
  });

  it("goes on when its connections are cut, without a word on the standard error output", async () => {
    const worker = await runWorker();
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = $1 and application_name like 'ex-event-bus worker%'`,
      [database.name],
    );
    await worker.line({ message: "The connection to the database is back." });
    await publish();
    await worker.line({ message: "Delivered." });
    expect(worker.stderr).toBe("");
  });
});

describe("a worker that is frozen", () => {
  it("does not undo what others did meanwhile, and goes on", async () => {
    const frozen = await runWorker({ HANDLER: "end soon" }, ["--verbose"]);
    await publish();
    await frozen.line({ message: "started" });
    frozen.kill("SIGSTOP");
    const other = await runWorker({ HANDLER: "fail" });
    await other.line({ message: "The last attempt failed: the delivery is dead." });
    frozen.kill("SIGCONT");
    await frozen.line({ message: "Another worker or command had already changed the delivery." });
    expect(await deliveries()).toMatchObject([{ state: "dead", attempts: 2, errors: [{}, {}] }]);
    // Alive again, it makes deliveries as before.
    other.kill("SIGTERM");
    await other.exit;
    await publish();
    await allIn("delivered", 1);
  });
});

describe("a worker that is killed", () => {
  it("has its deliveries made by another one within seconds", async () => {
    const killed = await runWorker({ HANDLER: "hang" });
    await publish(3);
    await eventually(() =>
      expect(killed.lines().filter(({ message }) => message === "started")).toHaveLength(3),
    );
    const other = await runWorker();
    killed.kill("SIGKILL");
    const before = performance.now();
    await allIn("delivered", 3);
    // deadAfterMs is 1 s; graphile-worker by itself would wait for four hours.
    expect(performance.now() - before).toBeLessThan(60_000);
    await other.line({ message: "Workers have died: their deliveries are taken over." });
    expect(await deliveries()).toMatchObject([{ attempts: 1 }, { attempts: 1 }, { attempts: 1 }]);
  });

  it("leaves nothing that keeps its successor from making its deliveries", async () => {
    const killed = await runWorker({ HANDLER: "hang" });
    await publish();
    await killed.line({ message: "started" });
    killed.kill("SIGKILL");
    await killed.exit;
    await runWorker();
    await allIn("delivered", 1);
  });

  it("does not take innocent deliveries with it when one of them kills it again and again", async () => {
    // Somebody starts it again, until the delivery that kills it is dead.
    await cli(["migrate"], { env: { DATABASE_URL: url } }).exit;
    await publish(5);
    for (let deaths = 0; deaths < 5; deaths++) {
      const worker = cli(["worker"], { env: { DATABASE_URL: url, HANDLER: "kill the process for 1" } });
      expect(await worker.exit).toBe("SIGKILL");
    }
    await runWorker();
    await allIn("delivered", 4);
    const [poison] = await allIn("dead", 1);
    expect(poison).toMatchObject({
      attempts: 1,
      errors: [{}, {}, {}, { name: "WorkerDied" }],
    });
  });
});
