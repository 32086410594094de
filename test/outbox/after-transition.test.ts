import { runMigrations } from "graphile-worker";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { claimDelivery } from "../../src/outbox/claim-delivery.js";
import { discardSome, redriveSome } from "../../src/outbox/dead-deliveries.js";
import { eraseEvents } from "../../src/outbox/erase-events.js";
import { executorOf } from "../../src/outbox/executor.js";
import { FROM_THE_FIRST, wakeLost } from "../../src/outbox/lost-deliveries.js";
import { setPaused, wakeHeld } from "../../src/outbox/pause.js";
import { pruneSome } from "../../src/outbox/prune-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { type Settlement, settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { synchroniseSubscriptions, unsubscribe } from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { empty, event, jobs, publish, subscription } from "./steps.js";

const { url, pool } = await testDatabase();
const bus = executorOf(pool);
const names = DEFAULT_SCHEMA_NAMES;
const elsewhere = { ...names, workerSchema: "gw2" };

/** What the function is told, beside what happens to the tables, of which triggers tell. */
beforeAll(async () => {
  await runMigrations({ connectionString: url, schema: elsewhere.workerSchema });
  await pool.query(`
    create table told (call integer, line text);
    create table happened (line text);
    create sequence calls;
    alter function event_bus.after_transition rename to real_after_transition;
    create function event_bus.after_transition(ended_positions bigint[], ended_subscriptions integer[], opened event_bus.opened[])
    returns integer language plpgsql as $$
    declare
      call constant integer := nextval('public.calls');
    begin
      insert into public.told
      select call, format('%s/%s ended', e.p, e.s) from unnest(ended_positions, ended_subscriptions) e(p, s)
       union all
      select call, format('%s/%s %s, generation %s', o.position, o.subscription_id, o.state, o.generation) from unnest(opened) o;
      return event_bus.real_after_transition(ended_positions, ended_subscriptions, opened);
    end $$;
    create function note_delivery() returns trigger language plpgsql as $$
    begin
      insert into public.happened values (format('%s/%s %s', new.position, new.subscription_id,
        case when new.state in ('delivered', 'cancelled', 'dead') then 'ended'
             else format('%s, generation %s', new.state, new.generation) end));
      return null;
    end $$;
    create trigger noted after insert or update of state, generation on event_bus.deliveries
      for each row execute function note_delivery();
    create function note_delivered() returns trigger language plpgsql as $$
    begin
      insert into public.happened select format('%s/%s ended', p, new.subscription_id) from unnest(new.positions) p;
      return null;
    end $$;
    create trigger noted after insert on event_bus.delivered for each row execute function note_delivered();`);
});

/** Two events for the subscriptions 1 and 2, both of which nobody has looked at. */
beforeEach(async () => {
  await empty(pool);
  await pool.query("truncate event_bus.delivered, event_bus.policies, told, happened");
  await synchroniseSubscriptions(bus, names, "app", [subscription("E", "one"), subscription("E", "two")]);
  await publish(pool, [event("E", { aggregateType: "User", aggregateKey: "7" }), event("E")]);
});

const takeJobs = () => pool.query("delete from graphile_worker._private_jobs");
const settle = (...settlements: readonly Partial<Settlement>[]) =>
  settleDeliveries(
    bus,
    names,
    settlements.map((parts) => ({
      ...{ position: 1, subscriptionId: 1, generation: 0, attempts: 1, state: "delivered", claim: "c" },
      ...parts,
    })),
  );
const claim = (generation: number, executor = bus) =>
  claimDelivery(executor, names, {
    position: 1,
    subscriptionId: 1,
    generation,
    claim: "c",
    limits: undefined,
  });

const retry = { state: "retrying", dueMs: 0 } as const;
const die = () => settle({ state: "dead" });
const pauseOne = () => setPaused(bus, names, "one", true);

interface Way {
  /** What is done before anybody listens. */
  readonly given?: () => Promise<unknown>;
  readonly when: () => Promise<unknown>;
  readonly told: readonly string[];
}

const ways: Readonly<Record<string, Way>> = {
  "delivering at the first attempt": {
    when: () => settle({}, { subscriptionId: 2, claim: "d" }),
    told: ["1/1 ended", "1/2 ended"],
  },
  "delivering some that others have moved on, and one again whose answer was lost": {
    given: async () => {
      await settle({});
      await settle({ subscriptionId: 2, ...retry });
    },
    when: () => settle({}, { subscriptionId: 2, claim: "d" }, { position: 2, claim: "e" }),
    told: ["2/1 ended"],
  },
  "delivering again an old event whose job came back": {
    given: () => settle({}),
    when: () => settle({}),
    told: [],
  },
  "delivering without rows": {
    when: () => settle({ keepsFailuresOnly: true }, { position: 2, keepsFailuresOnly: true }),
    told: ["1/1 ended", "2/1 ended"],
  },
  "delivering without rows some that have one": {
    given: () => settle(retry),
    when: () => settle({ keepsFailuresOnly: true }, { position: 2, keepsFailuresOnly: true }),
    told: ["2/1 ended"],
  },
  "failing in every way": {
    when: () =>
      settle(
        retry,
        { subscriptionId: 2, state: "snoozed", dueMs: 0 },
        { position: 2, state: "dead" },
        { position: 2, subscriptionId: 2, state: "cancelled" },
      ),
    told: ["1/1 retrying, generation 1", "1/2 snoozed, generation 1", "2/1 ended", "2/2 ended"],
  },
  "delivering a retry, beside one that was moved on": {
    given: () => settle(retry),
    when: () => settle({ generation: 1, attempts: 2 }, { position: 2, generation: 1, attempts: 2 }),
    told: ["1/1 ended"],
  },
  "holding back what a worker has": {
    given: pauseOne,
    when: () => settle({ state: "paused", attempts: 0 }),
    told: ["1/1 paused, generation 1"],
  },
  "a transactional handler that commits": { when: () => claim(0), told: ["1/1 ended"] },
  "a retry of a transactional handler": {
    given: () => settle(retry),
    when: () => claim(1),
    told: ["1/1 ended"],
  },
  "a transactional handler whose delivery was moved on": {
    given: () => settle(retry),
    when: () => claim(0),
    told: [],
  },
  discarding: {
    given: die,
    when: () => discardSome(bus, names, { state: ["waiting", "dead"], subscriber: "one" }, "no", 10),
    told: ["1/1 ended", "2/1 ended"],
  },
  redriving: {
    given: die,
    when: () => redriveSome(bus, names, {}, 10),
    told: ["1/1 waiting, generation 2"],
  },
  "redriving what is paused": {
    given: async () => {
      await die();
      await pauseOne();
    },
    when: () => redriveSome(bus, names, {}, 10),
    told: ["1/1 paused, generation 2"],
  },
  pausing: { when: pauseOne, told: [] },
  "publishing to a paused subscriber": {
    given: pauseOne,
    when: () => publish(pool, [event("E")]),
    told: ["3/1 paused, generation 1"],
  },
  resuming: {
    given: async () => {
      await pauseOne();
      await publish(pool, [event("E"), event("E")]);
      await setPaused(bus, names, "one", false);
    },
    when: () => wakeHeld(bus, names, 10),
    told: ["3/1 waiting, generation 2", "4/1 waiting, generation 2"],
  },
  unsubscribing: { when: () => unsubscribe(bus, names, "one"), told: [] },
  pruning: {
    given: () => settle({}, { subscriptionId: 2, state: "cancelled" }),
    when: () => pruneSome(bus, names, { event: "E", ageMs: 0, after: 0, most: 10 }),
    told: [],
  },
  erasing: {
    given: () => settle(retry),
    when: () => eraseEvents(bus, names, "User", "7"),
    told: ["1/1 ended", "1/2 ended"],
  },
  "waking what has lost its job": {
    given: async () => {
      await settle(retry, { subscriptionId: 2 }, { position: 2, subscriptionId: 2 });
      await takeJobs();
    },
    when: () => wakeLost(bus, names, FROM_THE_FIRST, 10),
    told: ["1/1 retrying, generation 2", "2/1 waiting, generation 1"],
  },
  "workers that look elsewhere from now on": {
    given: () => settle({ state: "snoozed", dueMs: 0 }),
    when: () => synchroniseSubscriptions(bus, elsewhere, "app", [subscription("E", "one")]),
    told: ["1/1 snoozed, generation 2", "2/1 waiting, generation 1"],
  },
  "settling nothing": { when: () => settle(), told: [] },
};

describe("after_transition is told once of what has ended and of what is open", () => {
  it.each(Object.entries(ways))("by %s", async (_, { given, when, told }) => {
    await given?.();
    await pool.query("truncate told, happened");
    await when();
    const { rows } = await pool.query<{ call: number; line: string }>(
      "select call, line from told order by line",
    );
    expect(rows.map(({ line }) => line)).toEqual(told);
    const { rows: happened } = await pool.query<{ line: string }>("select line from happened order by line");
    expect(happened.map(({ line }) => line)).toEqual(told);
  });

  it("by a transactional handler that is rolled back: nothing is left of it", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      expect(await claim(0, executorOf(client))).toBe(true);
      expect((await client.query("select line from told")).rows).toEqual([{ line: "1/1 ended" }]);
      await client.query("rollback");
    } finally {
      client.release();
    }
    expect((await pool.query("select line from told")).rows).toEqual([]);
  });

  it("by one call for all that one statement has written", async () => {
    await settle(
      ...[1, 2].flatMap((position) =>
        [1, 2].map((subscriptionId) => ({ position, subscriptionId, ...retry })),
      ),
    );
    expect((await pool.query("select count(distinct call)::integer as calls from told")).rows).toEqual([
      { calls: 1 },
    ]);
  });
});

describe("after_transition", () => {
  it.each([names, elsewhere])(
    "adds a job for what is open and not held back, in $workerSchema",
    async (where) => {
      await synchroniseSubscriptions(bus, where, "app", [subscription("E", "one", { priority: 4 })]);
      await pool.query("delete from gw2._private_jobs");
      await takeJobs();
      const opened = (state: string, generation: number) =>
        `row(1, 1, '${state}', ${generation}, 3, '2040-01-01Z')::event_bus.opened`;
      const { rows } = await pool.query(
        `select event_bus.after_transition('{1}', '{2}', array[${opened("retrying", 5)}, ${opened("paused", 6)}]) as jobs`,
      );
      expect(rows).toEqual([{ jobs: 1 }]);
      expect(await jobs(pool, where.workerSchema)).toEqual([
        {
          ...{ task: "event_bus:one", payload: { p: 1, s: 1, g: 5, a: 3 }, priority: 4, queue: null },
          ...{ runAt: new Date("2040-01-01T00:00:00Z"), maxAttempts: 32_767 },
        },
      ]);
    },
  );
});
