import { randomUUID } from "node:crypto";

import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { redrive, status } from "../../src/admin.js";
import { defineEvent, defineSubscriber, publish } from "../../src/index.js";
import { drain } from "../../src/testing.js";
import { runWorker } from "../../src/worker.js";

import { openBus } from "../extension/support/clients.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { readPages } from "./markdown.js";

// What the SQL of the pages leads to, beyond that it runs.
const { pool, url } = await testDatabase();

function sqlWith(words: string): string {
  const blocks = readPages().flatMap((page) => page.blocks);
  const found = blocks.filter(({ language, text }) => language === "sql" && text.includes(words));
  if (found.length !== 1) throw new Error(`${found.length} blocks of SQL have "${words}", expected one`);
  return found[0]?.text ?? "";
}

describe("the rights in publish.md", () => {
  const role = `ex_event_bus_docs_${randomUUID()}`;
  afterAll(() => pool.query(`drop owned by "${role}"; drop role "${role}"`));

  it("are all that capturing and publishing need beside those on the application's own tables", async () => {
    await pool.query(sqlWith("create role shop_app").replaceAll("shop_app", `"${role}"`));
    await pool.query(`alter role "${role}" password '${role}'`);
    await pool.query(`grant select, insert, update, delete on users to "${role}"`);
    await pool.query(`grant usage on all sequences in schema public to "${role}"`);
    const own = new URL(url);
    own.username = role;
    own.password = role;

    const prisma = openBus(own.href);
    const where = { email: "ada@example.com" };
    await prisma.user.create({ data: where });
    await prisma.user.update({ where, data: { name: "Ada" } });
    await prisma.user.delete({ where });
    await prisma.$queryRaw`select * from event_bus.publish(name => 'Other', aggregate => '{}')`;
    await expect(prisma.$queryRaw`select * from event_bus.events`).rejects.toThrow("permission denied");

    const { rows } = await pool.query("select name from event_bus.events order by position");
    expect(rows.map(({ name }) => name)).toEqual(["UserCreated", "UserUpdated", "UserDeleted", "Other"]);
  });
});

it("finds by the index of operate.md the events of an aggregate", async () => {
  const client = await pool.connect();
  try {
    // An empty table is read as a whole; what counts is what the index can answer.
    await client.query("set enable_seqscan = off");
    const { rows } = await client.query(`explain ${sqlWith("left(aggregate_key, 200)")}`);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toMatch(
      /Scan using events_aggregate[\s\S]*Index Cond: .*"left"\(aggregate_key, 200\) = '42'/,
    );
  } finally {
    client.release(true);
  }
});

describe("the rights of a worker in operate.md", () => {
  const role = `ex_event_bus_worker_${randomUUID()}`;
  afterAll(() => pool.query(`drop owned by "${role}" cascade; drop role "${role}"`));

  it("are all that a worker, drain and status need", async () => {
    const grants = sqlWith("create role shop_worker").replaceAll("shop_worker", `"${role}"`);
    await pool.query(grants.replace(`policy "${role}" on`, "policy worker on"));
    await pool.query(`alter role "${role}" password '${role}'`);
    const own = new URL(url);
    own.username = role;
    own.password = role;
    const client = new pg.Pool({ connectionString: own.href, max: 2 });
    client.on("error", () => undefined);
    try {
      const made: number[] = [];
      const failures: unknown[] = [];
      const Ping = defineEvent("Ping", { schema: z.object({ n: z.number() }) });
      const pinged = defineSubscriber({
        name: "pinged",
        events: [Ping],
        handle: (event) => void made.push(event.aggregate.n),
      });
      await pool.query("truncate event_bus.maintenance");
      const worker = await runWorker({
        prisma: {},
        subscribers: [pinged],
        database: { url: own.href },
        worker: { pollIntervalMs: 200 },
        retention: { default: 0, intervalMs: 100 },
        report: (event) => void (/error$/.test(event.type) && failures.push(event)),
      });
      try {
        await publish(client, Ping({ n: 1 }));
        await eventually(() => expect(made).toEqual([1]));
        // Housekeeping too.
        await eventually(async () => {
          expect((await pool.query("select from event_bus.events where name = 'Ping'")).rowCount).toBe(0);
        });
      } finally {
        await worker.stop();
      }
      await publish(client, Ping({ n: 2 }));
      expect(await drain({ client, subscribers: [pinged] })).toMatchObject({ delivered: 1 });
      expect((await status(client)).subscribers).toMatchObject([{ subscriber: "pinged", waiting: 0 }]);
      expect(failures).toEqual([]);
      await expect(redrive(client)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
      await expect(client.query("delete from event_bus.events")).rejects.toThrow("permission denied");
    } finally {
      await client.end();
    }
  });
});
