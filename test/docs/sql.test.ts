import { randomUUID } from "node:crypto";

import { afterAll, describe, expect, it } from "vitest";

import { openBus } from "../extension/support/clients.js";
import { testDatabase } from "../support/database.js";
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

describe("the statement that deletes in operate.md", () => {
  it("deletes what is old and done, with its deliveries", async () => {
    await pool.query("truncate event_bus.events, event_bus.deliveries restart identity");
    const event = (name: string, days: number, fanout: string) =>
      pool.query(
        `insert into event_bus.events (id, name, aggregate, fanout, occurred_at)
         values (gen_random_uuid(), $1, '{}', $3, now() - $2 * interval '1 day')`,
        [name, days, fanout],
      );
    await event("done", 31, "{1,2}");
    await event("nobody's", 31, "{}");
    await event("new", 29, "{}");
    await event("waiting", 31, "{1,2}");
    await event("dead", 31, "{1}");
    await pool.query(
      `insert into event_bus.deliveries (position, subscription_id, state, generation, attempt)
       values (1, 1, 'delivered', 1, 1), (1, 2, 'cancelled', 1, 1), (4, 1, 'delivered', 1, 1), (5, 1, 'dead', 1, 1)`,
    );
    await pool.query(sqlWith("delete from event_bus.events"));
    const left = async (sql: string) => (await pool.query(sql)).rows.map(({ x }) => x);
    expect(await left("select name as x from event_bus.events order by position")).toEqual([
      "new",
      "waiting",
      "dead",
    ]);
    expect(await left("select position::int as x from event_bus.deliveries order by position")).toEqual([
      4, 5,
    ]);
  });
});
