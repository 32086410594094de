import { Pool } from "pg";
import { expect, it } from "vitest";

import { executorOf } from "../../src/outbox/executor.js";
import { subscribeAll } from "../../src/worker/subscribe-all.js";
import { prepareWorker } from "../../src/worker/worker-setup.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, url, options, subscriber } = await workerFixture();

it("waits for another worker that is registering, also if its role has a lock_timeout", async () => {
  const impatient = new Pool({ connectionString: url, options: "-c lock_timeout=5ms", max: 1 });
  const other = await pool.connect();
  try {
    await other.query("begin");
    await other.query(
      "select pg_advisory_xact_lock(hashtextextended('ex-event-bus:subscribe:event_bus', 0))",
    );
    const real = executorOf(impatient);
    let failures = 0;
    const query: typeof real.query = (...args) =>
      real.query<never>(...args).catch((error: unknown) => {
        failures += 1;
        throw error;
      });
    const setup = await prepareWorker(options([subscriber("waiting", () => undefined)]));
    const registered = subscribeAll({ ...real, query }, setup);
    // More often than it retries after a conflict.
    await Promise.race([registered, eventually(() => expect(failures).toBeGreaterThan(10))]);
    await other.query("commit");
    expect(await registered).toEqual(["waiting"]);
  } finally {
    other.release();
    await impatient.end();
  }
});
