import { randomUUID } from "node:crypto";

import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";

import type { Prisma } from "../prisma/generated/client/client.js";
import { PrismaClient } from "../prisma/generated/client/client.js";
import { eventBus } from "../src/extension/event-bus.js";
import { executorOf } from "../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../src/outbox/schema-names.js";
import { synchroniseSubscriptions } from "../src/outbox/subscriptions.js";
import { eventsFor } from "../src/registry/define-event.js";
import { samples } from "../test/support/samples.js";
import { type Effort, speedRatio } from "./compare.js";
import type { Ratio } from "./ratio.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();
const SampleWritten = defineEvent("SampleWritten", { model: "Sample" });

const ROWS = Number(process.env["BULK_ROWS"] ?? 10_000);
const LIMITS = { maxWait: 60_000, timeout: 600_000 };

/** One way to write many rows. */
interface Way {
  createMany(): Promise<unknown>;
  updateMany(): Promise<unknown>;
  deleteMany(): Promise<unknown>;
}
const CALLS = ["createMany", "updateMany", "deleteMany"] as const;

/** What capturing 10,000 rows of a call costs, against doing without and against doing it by hand. */
export async function benchBulk(url: string, effort: Effort): Promise<readonly Ratio[]> {
  const clients = [open(url), open(url), open(url), open(url)] as const;
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const [plain, hand, log, bus] = clients;
  await synchroniseSubscriptions(executorOf(pool), DEFAULT_SCHEMA_NAMES, "bench", [
    { event: "SampleWritten", subscriber: "bench", priority: 0, delayMs: 0, policy: {} },
  ]);
  const ways = {
    plain: waysOf(plain),
    hand: byHand(hand, addJobs),
    log: byHand(log, addEventsAndJobs),
    bus: waysOf(extend(bus) as unknown as PrismaClient),
  };
  const timings = new Map(
    CALLS.map((call) => [call, new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]))]),
  );
  try {
    for (let round = -1; round < Math.min(effort.rounds, 5); round++) {
      const order = Object.entries(ways);
      for (const [name, way] of round % 2 === 0 ? order : order.toReversed()) {
        for (const call of CALLS) {
          const startedAt = performance.now();
          await way[call]();
          const ms = performance.now() - startedAt;
          // The first round warms up.
          if (round >= 0) timings.get(call)?.get(name)?.push(ms);
        }
        await pool.query("truncate event_bus.events; delete from graphile_worker._private_jobs");
        await pool.query("vacuum analyze");
      }
    }
    return CALLS.flatMap((call) => ratios(call, timings.get(call) ?? new Map()));
  } finally {
    for (const client of clients) await client.$disconnect();
    await pool.end();
  }
}

function ratios(call: string, timings: ReadonlyMap<string, readonly number[]>): readonly Ratio[] {
  const what = `${call} of ${ROWS} rows with one subscriber`;
  return [
    { what: `${what}: event bus / outbox by hand`, ratio: speedRatio(timings, "bus", "hand"), target: 1 },
    {
      what: `${what}: event bus / outbox by hand that keeps its events`,
      ratio: speedRatio(timings, "bus", "log"),
    },
    { what: `${what}: event bus / plain`, ratio: speedRatio(timings, "bus", "plain") },
    { what: `${what}: outbox by hand / plain`, ratio: speedRatio(timings, "hand", "plain") },
  ];
}

function open(url: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
}

function extend(client: PrismaClient) {
  const rules = { create: SampleWritten, update: SampleWritten, delete: SampleWritten };
  return client.$extends(eventBus({ events: [SampleWritten], capture: { Sample: rules } }));
}

const data = samples(ROWS);
const update = { counter: { increment: 1 }, sensor: "other" };

function waysOf({ sample }: { readonly sample: Pick<PrismaClient["sample"], keyof Way> }): Way {
  return {
    createMany: () => sample.createMany({ data }),
    updateMany: () => sample.updateMany({ data: update }),
    deleteMany: () => sample.deleteMany(),
  };
}

type Tx = Prisma.TransactionClient;
type Row = object & { readonly id: number };

type Publish = (tx: Tx, before: readonly Row[], after: readonly Row[]) => Promise<void>;

/** What a team would write: the rows before, the write, and one job for each row, in one transaction. */
function byHand(prisma: PrismaClient, publish: Publish): Way {
  const inOne = (work: (tx: Tx) => Promise<unknown>) => prisma.$transaction(work, LIMITS);
  return {
    createMany: () => inOne(async (tx) => publish(tx, [], await tx.sample.createManyAndReturn({ data }))),
    updateMany: () =>
      inOne(async (tx) => {
        const before = await tx.sample.findMany();
        await publish(tx, before, await tx.sample.updateManyAndReturn({ data: update }));
      }),
    deleteMany: () =>
      inOne(async (tx) => {
        const before = await tx.sample.findMany();
        await tx.sample.deleteMany();
        await publish(tx, before, []);
      }),
  };
}

async function addJobs(tx: Tx, before: readonly Row[], after: readonly Row[]): Promise<void> {
  const specs = pairsOf(before, after).map(([old, row]) => ({
    identifier: "event_bus:bench",
    payload: { name: "SampleWritten", before: old ?? null, after: row ?? null },
  }));
  await tx.$executeRaw`select count(*) from graphile_worker.add_jobs(
    array(select json_populate_recordset(null::graphile_worker.job_spec, ${asJson(specs)}::json)))`;
}

/** The same where events can be looked at afterwards: a row for each, and a job that says which. */
async function addEventsAndJobs(tx: Tx, before: readonly Row[], after: readonly Row[]): Promise<void> {
  const events = pairsOf(before, after).map(([old, row]) => ({
    id: randomUUID(),
    name: "SampleWritten",
    aggregate_type: "Sample",
    aggregate_key: String((row ?? old)?.id),
    aggregate: row ?? old,
    initial_data: old ?? {},
  }));
  await tx.$executeRaw`insert into event_bus.events (id, name, aggregate_type, aggregate_key, aggregate, initial_data)
    select id, name, aggregate_type, aggregate_key, aggregate, initial_data
      from jsonb_to_recordset(${asJson(events)}::jsonb) as e(
        id uuid, name text, aggregate_type text, aggregate_key text, aggregate jsonb, initial_data jsonb)`;
  const specs = events.map(({ id }) => ({ identifier: "event_bus:bench", payload: { id } }));
  await tx.$executeRaw`select count(*) from graphile_worker.add_jobs(
    array(select json_populate_recordset(null::graphile_worker.job_spec, ${asJson(specs)}::json)))`;
}

function pairsOf(before: readonly Row[], after: readonly Row[]): readonly (readonly (Row | undefined)[])[] {
  const byId = new Map(after.map((row) => [row.id, row]));
  return before.length === 0
    ? after.map((row) => [undefined, row])
    : before.map((row) => [row, byId.get(row.id)]);
}

function asJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString() : part));
}
