import { PrismaPg } from "@prisma/adapter-pg";
import fc from "fast-check";
import pg from "pg";
import { afterAll, afterEach, expect, it, vi } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { doctor, status } from "../../src/admin.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { amount } from "../support/amount.js";
import { Ping } from "../worker/ping.js";
import { type WorkerUnderTest, workerFixture } from "../worker/worker-fixture.js";

// Events are published while somebody damages jobs, rows of the log and connections, sets clocks and parsers, takes rights
// away and restarts workers, in random order. In the end every delivery is made, and the effect of each transactional one
// is there once. `PROPERTY_RUNS` says how many orders are tried.
const runs = amount({ few: 3, many: 6 });
const seed = Number(process.env["PROPERTY_SEED"] ?? 7);

const { pool, url, subscriber, start, publish, terminate } = await workerFixture();
await pool.query("create table effects (event text not null, subscriber text not null)");
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

// graphile-worker prints what the database says when it cannot claim, with a stack.
vi.spyOn(console, "trace").mockImplementation(() => undefined);

const JOBS = "graphile_worker._private_jobs";
const FREE = "where locked_at is null";

/** What somebody does to the database by hand, or a restore, or a clock. */
const DAMAGES: Readonly<Record<string, string>> = {
  "all jobs are gone": `delete from ${JOBS} ${FREE}`,
  "a job is gone": `delete from ${JOBS} where id = (select min(id) from ${JOBS} ${FREE})`,
  "jobs have no attempt left": `update ${JOBS} set attempts = max_attempts, run_at = now() ${FREE}`,
  "jobs say nothing": `update ${JOBS} set payload = '{}' ${FREE}`,
  "jobs say something else": `update ${JOBS} set payload = '["x"]' ${FREE}`,
  "jobs are of another task": `update ${JOBS} set task_id = (select max(id) from graphile_worker._private_tasks) ${FREE}`,
  "the watermark is gone": "delete from event_bus.watermark",
  "the watermark is at the beginning": "update event_bus.watermark set position = 0, drawn = 0, xid = '0'",
  "the checkpoints are gone": "delete from event_bus.checkpoints",
  "the workers are gone": "delete from event_bus.workers",
  "maintenance is forgotten": "delete from event_bus.maintenance",
  "the clock is put back": `
    update event_bus.workers set heartbeat_at = heartbeat_at + interval '1 day', started_at = started_at + interval '1 day';
    update event_bus.maintenance set done_at = done_at + interval '1 day';
    update event_bus.departed set departed_at = departed_at + interval '1 day', look_at = look_at + interval '1 day'`,
  "the clock is put ahead": `
    update event_bus.workers set heartbeat_at = heartbeat_at - interval '3 hours', started_at = started_at - interval '3 hours';
    update event_bus.maintenance set done_at = done_at - interval '3 hours';
    update event_bus.departed set departed_at = departed_at - interval '3 hours', look_at = look_at - interval '3 hours'`,
  "outcomes are refused": `
    create or replace function public.refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
    create or replace trigger refuse before insert or update on event_bus.deliveries for each row
      execute function public.refuse()`,
  "outcomes are taken again": "drop function if exists public.refuse cascade",
  "the database is read-only": `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`,
  "the database can be written to": WRITABLE(),
};

function WRITABLE(): string {
  return `set default_transaction_read_only = off;
    do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$`;
}

/** bool, int8, int4, json, a list of int8, timestamptz and jsonb. */
const PARSED = [16, 20, 23, 114, 1016, 1184, 3802] as readonly Parameters<typeof pg.types.setTypeParser>[0][];
const own = PARSED.map((oid) => [oid, pg.types.getTypeParser(oid)] as const);
const setParsers = (parse: (text: string) => unknown) => {
  for (const oid of PARSED) pg.types.setTypeParser(oid, parse as never);
};
const resetParsers = () => {
  for (const [oid, parse] of own) pg.types.setTypeParser(oid, parse as never);
};
afterEach(resetParsers);

type Step =
  | { readonly publish: number }
  | { readonly damage: string }
  | { readonly process: "restart" | "cut" | "odd parsers" | "own parsers" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ publish: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 4, arbitrary: fc.record({ damage: fc.constantFrom(...Object.keys(DAMAGES)) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      process: fc.constantFrom(
        "restart" as const,
        "cut" as const,
        "odd parsers" as const,
        "own parsers" as const,
      ),
    }),
  },
);

const made = new Map<string, Set<string>>();
const note = (name: string, id: string) => {
  const ids = made.get(name) ?? new Set();
  made.set(name, ids.add(id));
};
const subscribers = [
  subscriber("plain", ({ id }) => note("plain", id)),
  subscriber("lean", ({ id }) => note("lean", id), { history: "failures" }),
  defineSubscriber({
    name: "exact",
    events: [Ping],
    transactional: true,
    async handle({ id }, { tx }) {
      await (tx as unknown as PrismaClient).$executeRaw`insert into effects values (${id}, 'exact')`;
    },
  }) as unknown as Subscriber,
];

it("makes every delivery in the end, and each effect once, whatever was damaged on the way", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      made.clear();
      let worker: WorkerUnderTest = await start(subscribers, { prisma });
      let published = 0;
      for (const one of steps) {
        if ("publish" in one) {
          await pool.query("set default_transaction_read_only = off");
          await publish(one.publish);
          published += one.publish;
        } else if ("damage" in one) await pool.query(DAMAGES[one.damage] ?? "");
        else if (one.process === "cut") await terminate();
        else if (one.process === "odd parsers") setParsers((text) => ({ text }));
        else if (one.process === "own parsers") resetParsers();
        else {
          await worker.worker.stop();
          // Before that a start is refused.
          await pool.query(WRITABLE());
          worker = await start(subscribers, { prisma });
        }
      }
      resetParsers();
      await pool.query(DAMAGES["outcomes are taken again"] ?? "");
      await pool.query(WRITABLE());
      await expect
        .poll(
          async () => {
            const { rows } = await pool.query("select count(*)::int as n from effects");
            return [made.get("plain")?.size ?? 0, made.get("lean")?.size ?? 0, rows[0].n];
          },
          { timeout: 90_000, interval: 50 },
        )
        .toEqual([published, published, published]);
      // What a handler has done may still be to be recorded: the database refused that for a while.
      const open = async () =>
        (await status(pool)).subscribers.map(({ waiting, retrying }) => waiting + retrying);
      await expect.poll(open, { timeout: 30_000, interval: 50 }).toEqual([0, 0, 0]);
      const { rows } = await pool.query("select event from effects group by event having count(*) > 1");
      expect(rows).toEqual([]);
      await worker.worker.stop();
      const { findings } = await doctor(pool);
      expect(findings.filter(({ level }) => level === "problem")).toEqual([]);
      await pool.query("truncate effects, event_bus.events, event_bus.deliveries");
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
}, 900_000);
