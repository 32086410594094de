import { beforeEach, describe, expect, it } from "vitest";

import { aliveWorkers } from "../../src/outbox/alive-workers.js";
import { executorOf } from "../../src/outbox/executor.js";
import { beginSuspects } from "../../src/outbox/graphile/begin-suspects.js";
import { beat, retireWorker } from "../../src/outbox/heartbeat.js";
import { startIfDue } from "../../src/outbox/maintenance.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { testDatabase } from "../support/database.js";
import { empty, event, publish, subscribe } from "./steps.js";

const { pool } = await testDatabase();
const executor = executorOf(pool);
const names = DEFAULT_SCHEMA_NAMES;

/** Held for dead at once, unless more is said. */
const alive = (id: string, deadAfterMs = id === "own" ? 60_000 : 1) =>
  beat(executor, names, {
    id,
    application: "app",
    version: "1",
    host: "here",
    pid: 1,
    deadAfterMs,
    name: id,
    subscribers: [],
    activity: {},
  });

/** As if so many milliseconds had passed since a worker went. */
const later = (ms: number) =>
  pool.query(
    `update event_bus.departed set departed_at = departed_at - $1::integer * interval '1 ms',
                                   look_at = look_at - $1::integer * interval '1 ms'`,
    [ms],
  );

/** A worker that is held for dead. */
async function die(): Promise<void> {
  await alive("other");
  await expect.poll(async () => (await alive("own")).swept).toEqual(["other"]);
}

/** A claim as graphile-worker makes it. */
const claim = (by: string) =>
  pool.query("update graphile_worker._private_jobs set locked_by = $1, locked_at = now()", [by]);

/** Puts on record that its handler is called. */
async function begin(): Promise<void> {
  const { rows } = await pool.query("select id from graphile_worker._private_jobs");
  await beginSuspects(executor, names, [rows[0].id]);
}

async function claimedBy(): Promise<string | null> {
  const { rows } = await pool.query("select locked_by from graphile_worker._private_jobs");
  expect(rows).toHaveLength(1);
  return rows[0].locked_by;
}

beforeEach(async () => {
  await empty(pool);
  await pool.query("truncate event_bus.workers, event_bus.departed");
  await subscribe(pool, "E", ["one"]);
  await publish(pool, [event("E")]);
  await alive("own");
});

it("frees what a worker claims after it was held for dead, when it dies before it beats", async () => {
  await die();
  await claim("other");
  await later(1);
  expect(await alive("own")).toMatchObject({ swept: [] });
  expect(await claimedBy()).toBeNull();
});

it("looks again and again, ever more rarely, until graphile-worker would free it itself", async () => {
  await die();
  let looks = 0;
  for (let minutes = 0; minutes < 4 * 60; minutes++) {
    await later(60_000);
    await claim("other");
    await alive("own");
    if ((await claimedBy()) === null) looks += 1;
  }
  expect(looks).toBeGreaterThan(5);
  expect(looks).toBeLessThan(12);
  await later(2 * 3_600_000);
  await alive("own");
  expect((await pool.query("select from event_bus.departed")).rowCount).toBe(0);
});

it("frees what a worker that was retired claims by a statement that was under way", async () => {
  await alive("other", 60_000);
  await retireWorker(executor, names, "other");
  await claim("other");
  await alive("own");
  expect(await claimedBy()).toBe("other");
  await later(61_000);
  await alive("own");
  expect(await claimedBy()).toBeNull();
});

it("leaves alone what living workers have claimed, also one that was held for dead and came back", async () => {
  await die();
  expect(await alive("other", 60_000)).toMatchObject({ fresh: true });
  await claim("other");
  await later(61_000);
  await alive("own");
  expect(await claimedBy()).toBe("other");
});

it("leaves alone what workers have claimed that are not ours", async () => {
  await die();
  await claim("somebody else's worker");
  await later(61_000);
  await alive("own");
  expect(await claimedBy()).toBe("somebody else's worker");
});

describe("the deaths that a wake-up carries", () => {
  const payload = async () =>
    (await pool.query("select payload from graphile_worker._private_jobs")).rows[0].payload;
  const setPayload = (text: string) =>
    pool.query("update graphile_worker._private_jobs set payload = $1::json", [text]);

  it("are counted for each process that had begun with it, and for the first that held it", async () => {
    const { d: none, ...rest } = await payload();
    expect(none).toBeUndefined();
    for (let d = 1; d <= 3; d++) {
      await alive("other");
      await claim("other");
      await begin();
      await die();
      expect(await claimedBy()).toBeNull();
      expect(await payload()).toEqual({ ...rest, d });
    }
  });

  it("do not grow for who was not begun, or by another process than the dead one", async () => {
    for (const beginsBefore of [false, false, true, true]) {
      await alive("other");
      if (beginsBefore) {
        await claim("before");
        await begin();
      }
      await claim("other");
      await die();
      expect(await payload()).toMatchObject({ d: 1 });
      expect(await payload()).not.toHaveProperty("b");
    }
  });

  it("are counted also when a dead process had claimed it by a statement that came late", async () => {
    await die();
    await claim("other");
    await later(1);
    await alive("own");
    expect(await payload()).toMatchObject({ d: 1 });
  });

  it("do not grow when a worker stops, gets new connections or a claim of one that did comes late", async () => {
    await alive("other", 60_000);
    await claim("other");
    await retireWorker(executor, names, "other");
    expect(await claimedBy()).toBeNull();
    await claim("other");
    await later(61_000);
    await alive("own");
    expect(await claimedBy()).toBeNull();
    expect(await payload()).not.toHaveProperty("d");
  });

  it("do not grow for the jobs of others while a process dies", async () => {
    await claim("somebody else's worker");
    await die();
    expect(await payload()).not.toHaveProperty("d");
  });

  it.each([
    ["null", "null"],
    ["a list", "[1, 2]"],
    ["a text with what PostgreSQL cannot store", String.raw`{"p":"\u0000"}`],
    ["numbers that are none", `{"p":"x","s":1e9,"g":-1,"a":"9999999999999999999"}`],
  ])("are not counted in what somebody else wrote, which is freed as it is: %s", async (_, text) => {
    await setPayload(text);
    await claim("other");
    await die();
    expect(await claimedBy()).toBeNull();
    const { rows } = await pool.query("select payload::text as text from graphile_worker._private_jobs");
    expect(rows).toEqual([{ text }]);
  });

  it("start again when somebody wrote something else there", async () => {
    await setPayload(`{"p":1,"s":1,"g":0,"a":0,"d":"many"}`);
    await claim("other");
    await die();
    expect(await payload()).toEqual({ p: 1, s: 1, g: 0, a: 0, d: 1 });
  });
});

describe("when the clock of the server is put back by an hour", () => {
  /** What was written before is from the future then. */
  const putBack = () =>
    pool.query(`
      update event_bus.workers set heartbeat_at = heartbeat_at + interval '1 hour' where id <> 'own';
      update event_bus.departed set departed_at = departed_at + interval '1 hour', look_at = look_at + interval '1 hour';
      update event_bus.maintenance set done_at = done_at + interval '1 hour'`);

  it("a worker that has died before is held for dead when it was silent for long enough since", async () => {
    await alive("other");
    await claim("other");
    await putBack();
    // Nobody knows how long it was silent already.
    expect((await alive("own")).swept).toEqual([]);
    await expect.poll(async () => (await alive("own")).swept).toEqual(["other"]);
    expect(await claimedBy()).toBeNull();
  });

  it("workers that live are not held for dead", async () => {
    await alive("other", 60_000);
    await putBack();
    expect((await alive("own")).swept).toEqual([]);
    expect(await alive("other", 60_000)).toMatchObject({ fresh: false, swept: [] });
    expect((await alive("own")).swept).toEqual([]);
    expect(await aliveWorkers(executor, names)).toHaveLength(2);
  });

  it("what a dead worker claimed late is freed", async () => {
    await die();
    await claim("other");
    await putBack();
    await alive("own");
    expect(await claimedBy()).toBeNull();
    await claim("other");
    await expect.poll(() => alive("own").then(claimedBy)).toBeNull();
  });

  it("maintenance is done again", async () => {
    expect(await startIfDue(executor, names, "prune", 60_000)).toBe(true);
    expect(await startIfDue(executor, names, "prune", 60_000)).toBe(false);
    await putBack();
    expect(await startIfDue(executor, names, "prune", 60_000)).toBe(true);
    expect(await startIfDue(executor, names, "prune", 60_000)).toBe(false);
  });
});

describe("when the clock of the server is put ahead by hours", () => {
  /**
   * What was written before is hours old then. Nobody was silent before the server started, which in tests is a short time
   * ago: so nobody may be silent for longer.
   */
  const putAhead = () =>
    pool.query(
      "update event_bus.workers set heartbeat_at = heartbeat_at - interval '3 hours', dead_after_ms = 500",
    );

  it("workers that live are not held for dead, whichever of them beats first", async () => {
    await alive("other", 60_000);
    await alive("third", 60_000);
    await claim("other");
    await putAhead();
    expect(await alive("own")).toMatchObject({ fresh: false, swept: [] });
    expect(await aliveWorkers(executor, names)).toHaveLength(3);
    // The first one beats again before the others do: they have as long as any worker has.
    expect(await alive("own")).toMatchObject({ fresh: false, swept: [] });
    expect(await alive("other")).toMatchObject({ fresh: false, swept: [] });
    expect(await alive("third")).toMatchObject({ fresh: false, swept: [] });
    expect(await claimedBy()).toBe("other");
  });

  it("a worker that has died is held for dead when it was silent for long enough since", async () => {
    await alive("other", 60_000);
    await claim("other");
    await putAhead();
    expect((await alive("own")).swept).toEqual([]);
    expect(await claimedBy()).toBe("other");
    await expect.poll(async () => (await alive("own")).swept).toEqual(["other"]);
    expect(await claimedBy()).toBeNull();
  });

  it("a worker that is new takes over from those that have died at once, as after any break", async () => {
    await alive("other", 60_000);
    await claim("other");
    await putAhead();
    expect((await alive("new")).swept.toSorted()).toEqual(["other", "own"]);
    expect(await claimedBy()).toBeNull();
  });
});
