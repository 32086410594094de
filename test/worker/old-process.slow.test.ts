import { beforeEach, describe, expect, it } from "vitest";

import { discard, unsubscribe } from "../../src/admin.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, subscriber, options, start, publish } = await workerFixture();

const DAY_MS = 86_400_000;
const older = subscriber("own", () => undefined, { priority: 1, retry: { maxAttempts: 3 } });
const newer = subscriber("own", () => undefined, {
  priority: 2,
  delayMs: 3_600_000,
  retry: { maxAttempts: 9 },
});
const OLD = { priority: 1, delay_ms: "0", attempts: "3", kept: String(DAY_MS) };
const NEW = { priority: 2, delay_ms: "3600000", attempts: "9", kept: String(90 * DAY_MS) };
// However busy the machine is, a worker that runs is not held for dead.
const worker = { deadAfterMs: 60_000 };
const oldVersion = { retention: { default: "1 day" }, worker } as const;
const newVersion = { retention: { default: "90 days" }, worker } as const;

const inForce = async () => {
  const { rows } = await pool.query(
    "select priority, delay_ms, policy ->> 'maxAttempts' as attempts, policy ->> 'keepMs' as kept from event_bus.subscriptions",
  );
  return rows[0];
};
const startOld = () => start([older], oldVersion);
const startNew = () => start([newer], newVersion);

beforeEach(async () => {
  await pool.query("truncate event_bus.policies; delete from event_bus.maintenance");
});

describe("an old process that starts again after a newer one", () => {
  it("does not bring its policy back while the newer one runs, and says so", async () => {
    await startOld();
    expect(await inForce()).toEqual(OLD);
    await migrate(options([newer], newVersion));
    expect(await inForce()).toEqual(NEW);
    await startNew();
    const lines: unknown[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      error: () => undefined,
      warn: (...line: unknown[]) => void lines.push(line),
    };
    const again = await start([older], { ...oldVersion, log });
    expect(await inForce()).toEqual(NEW);
    expect(lines).toContainEqual([expect.stringContaining("newer policies"), { subscribers: ["own"] }]);
    await again.worker.stop();
    expect(await migrate(options([older], oldVersion))).toMatchObject({ subscribers: [] });
    expect(await runOnce(options([older], oldVersion))).toMatchObject({ dead: 0 });
    expect(await inForce()).toEqual(NEW);
  });

  it("does not keep its policy in force when the newer one starts again", async () => {
    const { worker } = await startNew();
    await pool.query("truncate event_bus.policies restart identity");
    await worker.stop();
    await startOld();
    const first = await startNew();
    await first.worker.stop();
    await eventually(async () => expect(await inForce()).toEqual(OLD));
    await startNew();
    expect(await inForce()).toEqual(NEW);
    // As if both had registered before either was in the table of workers.
    await pool.query("update event_bus.subscriptions set priority = 1, delay_ms = 0");
    await eventually(async () => expect(await inForce()).toEqual(NEW));
  });

  it("has its policy back when it is deployed again, as soon as no worker of the newer one runs", async () => {
    await startOld();
    const taken = await startNew();
    await startOld();
    expect(await inForce()).toEqual(NEW);
    await taken.worker.stop();
    await eventually(async () => expect(await inForce()).toEqual(OLD));
  });

  it("has it at once where no worker runs", async () => {
    for (const [one, version, policy] of [
      [older, oldVersion, OLD],
      [newer, newVersion, NEW],
      [older, oldVersion, OLD],
    ] as const) {
      await migrate(options([one], version));
      expect(await inForce()).toEqual(policy);
    }
  });

  it("deletes nothing that the newer one keeps", async () => {
    await migrate(options([older], oldVersion));
    await startNew();
    await publish(1);
    await pool.query("update event_bus.events set occurred_at = now() - interval '2 days'");
    await discard(pool, { state: "waiting" }, { reason: "a test" });
    const { of } = await start([older], { retention: { default: "1 day", intervalMs: 100 }, worker });
    await eventually(() => expect(of("prune:stop").length).toBeGreaterThan(0));
    expect((await pool.query("select from event_bus.events")).rowCount).toBe(1);
  });

  it("subscribes again to what was ended", async () => {
    await startOld();
    await startNew();
    await unsubscribe(pool, "own");
    await startOld();
    const { rows } = await pool.query("select ended_at from event_bus.subscriptions");
    expect(rows).toEqual([{ ended_at: null }]);
    await eventually(async () => expect(await inForce()).toEqual(NEW));
  });

  it("leaves the subscriptions alone that only the newer one has, and those of other applications", async () => {
    await startOld();
    await startNew();
    const other = subscriber("other", () => undefined, { priority: 7 });
    await start([other], { application: "another" });
    await startOld();
    const { rows } = await pool.query("select subscriber, priority from event_bus.subscriptions order by 1");
    expect(rows).toEqual([
      { subscriber: "other", priority: 7 },
      { subscriber: "own", priority: 2 },
    ]);
  });
});
