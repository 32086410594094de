import { PrismaPg } from "@prisma/adapter-pg";
import { Client } from "pg";
import { beforeAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import * as admin from "../../src/admin.js";
import { executorOf } from "../../src/outbox/executor.js";
import { keptByOthers } from "../../src/outbox/prune-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { firstSettings } from "../../src/worker/connection.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { openTeams } from "../extension/nested/fixture.js";
import { putShadows } from "../support/shadows.js";
import { Ping } from "./ping.js";
import { workerFixture } from "./worker-fixture.js";

// Whoever may create functions in a schema of the search path can have them called with the rights of others, where they
// fit better than PostgreSQL's own (CVE-2018-1058).
const { pool, url, options, subscriber, publish, start, allIn } = await workerFixture();

beforeAll(() => putShadows(pool), 120_000);

describe("functions and operators of others in public", () => {
  it("are what an ordinary statement takes", async () => {
    await expect(pool.query("select unnest($1::text[])", [["a"]])).rejects.toThrow("SHADOWED");
    await expect(pool.query("select 2::bigint * interval '1 hour'")).rejects.toThrow("SHADOWED");
  });

  it("are out of reach of connections that are ours alone, and stay in reach of those that a pooler gives to others", async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    const path = async () => (await client.query("show search_path")).rows[0].search_path;
    const ofPooler = { processID: 1 } as never;
    await client.query(firstSettings(ofPooler));
    expect(await path()).toBe('"$user", public');
    await client.query(firstSettings(client));
    expect(await path()).toBe("pg_catalog, pg_temp");
    expect((await client.query("select unnest($1::text[])", [["a"]])).rows).toEqual([{ unnest: "a" }]);
    await client.end();
  });

  it("are not taken by a worker, nor by what it makes in a transaction of its client", async () => {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
    const fails = subscriber("fails", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
    const inTransaction = defineSubscriber({
      name: "in-transaction",
      events: [Ping],
      transactional: true,
      handle: () => undefined,
    }) as unknown as Subscriber;
    const failures = subscriber("failures", () => undefined, { history: "failures" });
    const { of } = await start([subscriber("one", () => undefined), fails, inTransaction, failures], {
      prisma,
    });
    await publish(3);
    await allIn("delivered", 9);
    await allIn("dead", 3);
    expect(of("worker:error" as never)).toEqual([]);
    await prisma.$disconnect();
  });

  it("are not taken by migrate and runOnce", async () => {
    const one = subscriber("one", () => undefined);
    await migrate(options([one]));
    await publish(2);
    expect(await runOnce(options([one]))).toMatchObject({ delivered: 2 });
  });

  it("are not taken by the functions of ex-event-bus/admin on a connection of the application", async () => {
    const dies = subscriber("dies", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
    await migrate(options([dies]));
    await publish(3);
    await runOnce(options([dies]));
    const error = { error: "no", since: new Date(0), until: new Date(4e12) };
    expect(await admin.deliveries(pool, { state: "dead", ...error })).toHaveLength(3);
    expect(await admin.deliveries(pool, {})).toHaveLength(3);
    expect(await admin.deliveries(pool, { position: 1 })).toEqual(expect.any(Array));
    const all = { event: "Ping", aggregateKey: "1", correlationId: "none", since: new Date(0), after: 0 };
    expect(await admin.events(pool, all)).toEqual([]);
    expect(await admin.events(pool, { last: true, limit: 2 })).toHaveLength(2);
    expect(await admin.redrive(pool, { subscriber: "dies", ...error })).toMatchObject({ redriven: 3 });
    expect(
      await admin.discard(
        pool,
        { subscriber: "dies", state: ["waiting", "retrying", "dead"] },
        { reason: "x" },
      ),
    ).toBeDefined();
    await admin.pause(pool, "dies");
    await admin.resume(pool, "dies");
    expect((await admin.status(pool)).subscribers).toHaveLength(1);
    expect((await admin.doctor(pool)).findings.filter(({ message }) => message.includes("hadow"))).toEqual(
      [],
    );
    expect(await admin.subscribersOf(pool, "Ping")).toHaveLength(1);
    await admin.erase(pool, { aggregateType: "User", aggregateKey: "1" });
    await admin.unsubscribe(pool, "dies");
    await admin.prune(pool, { default: 0 } as never);
  });

  it("are not taken where a worker asks what others keep, through a pooler whose search path stays as it is", async () => {
    await migrate(options([subscriber("one", () => undefined)]));
    const kept = await keptByOthers(executorOf(pool), DEFAULT_SCHEMA_NAMES, "another");
    expect([...kept.keys()]).toEqual(["Ping"]);
  });

  it("are not taken by capture on a connection of the application", async () => {
    const prisma = openTeams(url);
    const member = { create: { name: "m", handle: "m" } };
    const { id } = await prisma.team.create({ data: { slug: "a", name: "a", members: member } });
    await prisma.team.update({
      where: { id },
      data: { name: "b", members: { updateMany: { where: {}, data: { name: "n" } } } },
    });
    await prisma.team.upsert({
      where: { slug: "a" },
      create: { slug: "a", name: "a" },
      update: { name: "c" },
    });
    await prisma.team.upsert({
      where: { slug: "z" },
      create: { slug: "z", name: "a" },
      update: { name: "c" },
    });
    await prisma.team.updateMany({ data: { name: "d" } });
    await prisma.$transaction((tx) => tx.member.update({ where: { handle: "m" }, data: { name: "o" } }));
    await prisma.team.deleteMany({ where: { slug: "z" } });
    await prisma.team.delete({ where: { id } });
    await prisma.$disconnect();
    const { rows } = await pool.query("select name from event_bus.events order by position");
    expect(rows.map(({ name }) => name)).toEqual([
      ...["TeamCreated", "MemberCreated", "TeamUpdated", "MemberUpdated", "TeamUpdated", "TeamCreated"],
      ...["TeamUpdated", "TeamUpdated", "MemberUpdated", "TeamDeleted", "MemberUpdated", "TeamDeleted"],
    ]);
  });
});
