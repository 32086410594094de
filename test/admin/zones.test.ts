import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import * as admin from "../../src/admin.js";
import { publish } from "../../src/index.js";
import type { Queryable } from "../../src/outbox/executor.js";
import { fixed } from "../../src/registry/backoff.js";
import { drain, publishedEvents } from "../../src/testing.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { Ping } from "../worker/ping.js";
import { workerFixture } from "../worker/worker-fixture.js";

// What sessions have by default is the database's or the role's to say.
const { pool: utc, url, database, options, subscriber, start } = await workerFixture();
const SETTINGS = { timezone: "Asia/Kathmandu", datestyle: "SQL, DMY", intervalstyle: "sql_standard" };
for (const [name, value] of Object.entries(SETTINGS))
  await utc.query(`alter database "${database.name}" set ${name} = '${value}'`);
const pool = new pg.Pool({ connectionString: url });
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(async () => {
  await prisma.$disconnect();
  await pool.end();
});

const exactly = async (sql: string): Promise<number[]> =>
  (
    await utc.query<{ ms: string }>(
      `select floor(extract(epoch from t) * 1000)::text as ms from (${sql}) x(t)`,
    )
  ).rows.map(({ ms }) => Number(ms));

describe.each<[string, Queryable]>([
  ["a pg pool", pool],
  ["a Prisma client", prisma],
])("with %s whose sessions have another time zone and style", (_, client) => {
  it("all times are right", async () => {
    const fails = subscriber("fails", () => Promise.reject(new Error("no")), {
      retry: { maxAttempts: 2, backoff: fixed(3_600_000) },
    });
    const dies = subscriber("dies", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
    await migrate(options([fails, dies], { worker: { deadAfterMs: 60_000 } }));
    await publish(client, [Ping({ n: 1 }), Ping({ n: 2 })]);
    const occurred = await exactly("select occurred_at from event_bus.events order by position");
    const times = (some: readonly { readonly occurredAt: Date }[]) =>
      some.map((one) => one.occurredAt.getTime());
    expect(times(await admin.events(client))).toEqual(occurred);
    expect(times(await publishedEvents(client))).toEqual(occurred);
    const [first = 0, second = 0] = occurred;
    expect(await admin.events(client, { until: new Date(first) })).toEqual([]);
    expect(await admin.events(client, { since: new Date(second + 1) })).toEqual([]);
    expect(await admin.events(client, { since: new Date(first), until: new Date(second + 1) })).toHaveLength(
      2,
    );
    const [waits] = (await admin.status(client)).subscribers;
    expect(waits?.oldestOpen?.getTime()).toBe(first);

    expect(await runOnce(options([fails, dies], { worker: { deadAfterMs: 60_000 } }))).toMatchObject({
      retrying: 2,
      dead: 2,
    });
    const dead = await admin.deliveries(client, { state: "dead" });
    const finished = await exactly(
      "select finished_at from event_bus.deliveries where state = 'dead' order by position",
    );
    expect(dead.map(({ finishedAt }) => finishedAt?.getTime())).toEqual(finished);
    expect(times(dead)).toEqual(occurred);
    const retrying = await admin.deliveries(client, { state: "retrying" });
    const due = await exactly(
      "select due_at from event_bus.deliveries where state = 'retrying' order by position",
    );
    expect(retrying.map(({ dueAt }) => dueAt?.getTime())).toEqual(due);
    expect(
      await admin.deliveries(client, { state: "dead", since: new Date(Math.max(...finished) + 1) }),
    ).toEqual([]);

    const inserted: Date[] = [];
    const again = subscriber("fails", (_event, ctx) => void inserted.push(ctx.insertedAt));
    const given = { client, prisma, subscribers: [again] };
    expect(await drain({ ...given, at: new Date(Math.min(...due) - 1) })).toMatchObject({ delivered: 0 });
    expect(await drain({ ...given, at: new Date(Math.max(...due) + 1) })).toMatchObject({ delivered: 2 });
    expect(inserted.map((at) => at.getTime())).toEqual(occurred);

    await start([dies], { worker: { deadAfterMs: 60_000 } });
    const [started] = await exactly("select started_at from event_bus.workers");
    expect((await admin.status(client)).workers.map(({ startedAt }) => startedAt.getTime())).toEqual([
      started,
    ]);
  });
});
