import { afterAll, describe, expect, it, vi } from "vitest";

import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { startMuteProxy } from "./mute-proxy.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, url, names, options, subscriber, start, publish, allIn, deliveries } = await workerFixture();
const proxy = await startMuteProxy(url);
afterAll(() => proxy.close());

// graphile-worker prints what goes wrong while it stops, with a stack.
vi.spyOn(console, "trace").mockImplementation(() => undefined);

const behindProxy = {
  database: { url: proxy.url, ...names },
  worker: { heartbeatMs: 250, deadAfterMs: 2_000, pollIntervalMs: 60_000 },
};

// Each comes later than the one before it, from the first connection to that of the worker that beats.
describe.each(["set_config('search_path'", "migrations", "subscriptions", "insert into"])(
  "a server that goes mute at a worker's start, at %s",
  (text) => {
    it.each([
      ["runWorker", () => start([subscriber("one", () => undefined)], behindProxy)],
      ["runOnce", () => runOnce(options([subscriber("one", () => undefined)], behindProxy))],
    ])("does not answer, says %s", async (_, run) => {
      await pool.query("truncate event_bus.subscriptions");
      const mute = proxy.muteAt(text);
      const started = run();
      await mute;
      await expect(started).rejects.toMatchObject({
        code: "DATABASE_UNREACHABLE",
        message: expect.stringContaining("does not answer: "),
      });
    });
  },
);

describe("connections whose other end is gone without a word", () => {
  it("are replaced", async () => {
    const { of } = await start([subscriber("one", () => undefined)], behindProxy);
    await publish(3);
    await allIn("delivered", 3);
    expect(proxy.mute()).toBeGreaterThan(0);
    await publish(3);
    await allIn("delivered", 6);
    expect(of("recover:start")).toHaveLength(1);
    expect(of("recover:stop")).toHaveLength(1);
    expect(await deliveries()).toEqual(
      Array.from({ length: 6 }, () => expect.objectContaining({ attempts: 1 })),
    );
  });

  it("are replaced when only the listening one is deaf", async () => {
    const { of } = await start([subscriber("one", () => undefined)], behindProxy);
    const { rows } = await pool.query(
      `select client_port from pg_stat_activity
        where query = 'LISTEN "jobs:insert"; LISTEN "worker:migrate";'
          and datname = current_database()`,
    );
    expect(proxy.mute(rows.map(({ client_port }) => client_port))).toBe(1);
    await eventually(() => expect(of("recover:stop")).toHaveLength(1));
    expect(of("recover:start")[0]?.reason).toBe("notifications are not heard any more");
    await publish(3);
    await allIn("delivered", 3);
  });

  it("are told of in one line when they go as the worker begins to listen", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    try {
      const mute = proxy.muteAt('LISTEN "jobs:insert"');
      const started = start([subscriber("one", () => undefined)], {
        ...behindProxy,
        // The statement is given up before it is noticed that nothing is heard.
        worker: { ...behindProxy.worker, heartbeatMs: 1_000 },
      });
      await mute;
      await expect(started).rejects.toMatchObject({
        code: "DATABASE_UNREACHABLE",
        message: expect.stringContaining("does not answer: Query read timeout"),
      });
      // Warnings are told of after everything else that is due.
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", onWarning);
    }
  });
});
