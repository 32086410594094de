import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus, isEventBusError } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

// Prisma's documented extension for row-level security sends each query together with a set_config.

const { url, pool, name } = await testDatabase();
const ledger = new Ledger(pool);

const role = `tenant_${name.slice(-12)}`;
const policy = (table: string, condition: string) => `
  alter table ${table} enable row level security;
  create policy tenant on ${table} using (${condition}) with check (${condition});`;
const mine = (column: string) => `${column} = current_setting('app.tenant', true)`;
await pool.query(`
  create role ${role} login password 'x' nosuperuser;
  grant usage on schema public, event_bus to ${role};
  grant select, insert, update, delete on all tables in schema public to ${role};
  grant usage on all sequences in schema public to ${role};
  grant execute on all functions in schema event_bus to ${role};
  ${policy("users", mine("nick_name"))}
  ${policy('"Post"', `exists (select from users where id = "authorId" and ${mine("nick_name")})`)}
  ${policy('"Label"', `name like current_setting('app.tenant', true) || '%'`)}
  ${policy('"Balance"', `"userId"::text = current_setting('app.tenant', true)`)}`);

afterAll(() => pool.query(`drop owned by ${role}; drop role ${role}`));

const address = new URL(url);
address.username = role;
address.password = "x";
const statements: string[] = [];
const base = openClient(address.href, { statements });

const forTenant = (tenant: string, setting = "app.tenant") =>
  Prisma.defineExtension((prisma) =>
    prisma.$extends({
      query: {
        $allModels: {
          async $allOperations({ args, query }) {
            const [, result] = await prisma.$transaction([
              prisma.$executeRaw`select set_config(${setting}, ${tenant}, true)`,
              query(args) as Prisma.PrismaPromise<unknown>,
            ]);
            return result;
          },
        },
      },
    }),
  );

const bus = eventBus({ events, capture: allRules });
const client = base.$extends(bus).$extends(forTenant("1")) as unknown as BusClient;
const plain = base.$extends(forTenant("1")) as unknown as BusClient;

const ann = { email: "ann@example.org", nickName: "1" };
const where = { email: ann.email };

beforeEach(async () => {
  await ledger.clear();
  await pool.query(`truncate "Balance"; insert into users (email, nick_name, updated_at) values
    ('ann@example.org', '1', now()), ('bob@example.org', '2', now());
    insert into "Post" (title, "authorId") values ('a', 1), ('b', 2)`);
});

type Db = Pick<BusClient, "user" | "post" | "label" | "balance">;
const calls: readonly (readonly [string, readonly string[], (db: Db) => PromiseLike<unknown>])[] = [
  ["create", ["UserCreated"], (db) => db.user.create({ data: { email: "c", nickName: "1" } })],
  ["create that the policy refuses", [], (db) => db.user.create({ data: { email: "c", nickName: "2" } })],
  ["update", ["UserUpdated"], (db) => db.user.update({ where, data: { name: "Ann" } })],
  ["update of what is hidden", [], (db) => db.user.update({ where: { id: 2 }, data: { name: "x" } })],
  [
    "upsert that updates",
    ["UserUpdated"],
    (db) => db.user.upsert({ where, create: ann, update: { name: "Ann" } }),
  ],
  [
    "upsert that creates",
    ["UserCreated"],
    (db) =>
      db.user.upsert({ where: { email: "c" }, create: { email: "c", nickName: "1" }, update: { name: "x" } }),
  ],
  ["delete with what goes with it", ["PostDeleted", "UserDeleted"], (db) => db.user.delete({ where })],
  ["createMany", ["UserCreated"], (db) => db.user.createMany({ data: [{ email: "c", nickName: "1" }] })],
  ["updateMany", ["UserUpdated"], (db) => db.user.updateMany({ data: { name: "x" } })],
  ["updateManyAndReturn", ["UserUpdated"], (db) => db.user.updateManyAndReturn({ data: { name: "x" } })],
  ["deleteMany", ["PostDeleted", "UserDeleted"], (db) => db.user.deleteMany()],
  [
    "nested writes",
    ["PostCreated", "PostUpdated", "UserUpdated"],
    (db) =>
      db.user.update({
        where,
        data: {
          name: "Ann",
          posts: { create: { title: "c" }, update: { where: { id: 1 }, data: { title: "z" } } },
        },
      }),
  ],
  ["findMany", [], (db) => db.user.findMany()],
  ["count", [], (db) => db.post.count()],
  ["a model without rules", [], (db) => db.balance.create({ data: { userId: 1 } })],
  ["a model without rules that the policy refuses", [], (db) => db.balance.create({ data: { userId: 2 } })],
];

const withoutDates = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (key, item) => (/(created|updated)At/.test(key) ? "date" : item)) ?? "null",
  );

const outcomeOf = (call: PromiseLike<unknown>) =>
  Promise.resolve(call).then(withoutDates, ({ code, message }: { code?: string; message: string }) =>
    [code, message.trim().split("\n").at(-1)].join(" "),
  );

describe("an extension for row-level security after the event bus", () => {
  it.each(calls)("works as without the event bus: %s", async (_, names, call) => {
    const contents = async () => [
      (await pool.query("select id, email, name from users order by id")).rows,
      (await pool.query('select id, title from "Post" order by id')).rows,
    ];
    const expected = [await outcomeOf(call(plain)), await contents()];
    await pool.query(`truncate users, "Balance" restart identity cascade; insert into users (email, nick_name, updated_at)
      values ('ann@example.org', '1', now()), ('bob@example.org', '2', now());
      insert into "Post" (title, "authorId") values ('a', 1), ('b', 2)`);
    expect([await outcomeOf(call(client)), await contents()]).toEqual(expected);
    expect([...(await ledger.names())].sort()).toEqual(names);
  });

  it.each(calls)("joins the caller's transaction: %s", async (_, names, call) => {
    const expected = await outcomeOf(call(plain));
    await pool.query(`truncate users, "Balance" restart identity cascade; insert into users (email, nick_name, updated_at)
      values ('ann@example.org', '1', now()), ('bob@example.org', '2', now());
      insert into "Post" (title, "authorId") values ('a', 1), ('b', 2)`);
    let outcome: unknown;
    await client
      .$transaction(async (tx) => {
        outcome = await outcomeOf(call(tx as Db));
        if (names.length > 0) expect(await ledger.names()).toEqual([]);
      })
      .catch(() => undefined);
    expect(outcome).toEqual(expected);
    expect([...(await ledger.names())].sort()).toEqual(names);
  });

  it("has calls of one transaction see each other, in the order in which they started", async () => {
    statements.length = 0;
    const [user, count, , balance] = await client.$transaction((tx) =>
      Promise.all([
        tx.user.create({ data: { email: "c", nickName: "1" } }),
        tx.user.count(),
        tx.post.create({ data: { title: "c", authorId: 1 } }),
        tx.balance.create({ data: { userId: 1 } }),
      ]),
    );
    expect([user.email, count, balance.userId]).toEqual(["c", 2, 1]);
    expect(statements.filter((sql) => sql === "BEGIN")).toHaveLength(1);
    expect(await ledger.names()).toEqual(["UserCreated", "PostCreated"]);
  });

  it("rolls back with the caller's transaction", async () => {
    const failure = client.$transaction(async (tx) => {
      await tx.user.update({ where, data: { name: "x" } });
      await tx.balance.create({ data: { userId: 1 } });
      throw new Error("roll back");
    });
    await expect(failure).rejects.toThrow("roll back");
    expect(await ledger.names()).toEqual([]);
    expect((await pool.query('select from "Balance"')).rowCount).toBe(0);
  });

  it("works in nested transactions and batches", async () => {
    await client.$transaction((tx) =>
      tx.$transaction((nested) => nested.user.update({ where, data: { name: "1" } })),
    );
    await client.$transaction([client.user.update({ where, data: { name: "2" } }), client.user.count()]);
    await client.$transaction([client.user.update({ where, data: { name: "3" } })]);
    expect(await ledger.names()).toEqual(["UserUpdated", "UserUpdated", "UserUpdated"]);
  });

  it("works with several of its kind: all of their settings hold, the last one wins", async () => {
    const several = base
      .$extends(bus)
      .$extends(forTenant("2"))
      .$extends(forTenant("7", "app.other"))
      .$extends(forTenant("1")) as unknown as BusClient;
    await several.user.update({ where, data: { name: "Ann" } });
    await several.user.updateMany({ data: { name: "all" } });
    await several.$transaction(async (tx) => {
      expect(await tx.user.count()).toBe(1);
      await tx.user.update({ where, data: { name: "again" } });
    });
    expect(await ledger.names()).toEqual(["UserUpdated", "UserUpdated", "UserUpdated"]);
    expect((await pool.query("select name from users order by id")).rows).toEqual([
      { name: "again" },
      { name: null },
    ]);
  });

  it("fails when its own statement fails, and leaves nothing", async () => {
    const failing = base.$extends(bus).$extends(forTenant("1", "no setting")) as unknown as BusClient;
    const outcome = await outcomeOf(failing.user.update({ where, data: { name: "x" } }));
    expect(outcome).toContain("P2010");
    await failing.$transaction((tx) => tx.user.update({ where, data: { name: "x" } })).catch(() => undefined);
    expect(await ledger.names()).toEqual([]);
    expect(await outcomeOf(client.user.count())).toBe(1);
  });

  it("may set something back, where nothing is read afterwards", async () => {
    const resetting = base.$extends(bus).$extends((prisma) =>
      prisma.$extends({
        query: {
          $allModels: {
            async $allOperations({ args, query }) {
              const [, result] = await prisma.$transaction([
                prisma.$executeRaw`select set_config('app.tenant', '1', true)`,
                query(args) as Prisma.PrismaPromise<unknown>,
                prisma.$executeRaw`select set_config('app.tenant', '', true)`,
              ]);
              return result;
            },
          },
        },
      }),
    ) as unknown as BusClient;
    await resetting.user.create({ data: { email: "c", nickName: "1" } });
    expect(await ledger.names()).toEqual(["UserCreated"]);
    await expect(Promise.resolve(resetting.user.delete({ where }))).rejects.toSatisfy((error) =>
      isEventBusError(error, "TRANSACTION_ESCAPED"),
    );
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });

  it("leaves batches alone that go on with no call", async () => {
    await client.$transaction(async () => {
      expect(await base.$extends(bus).$transaction([base.$queryRaw`select 1 as one`])).toEqual([
        [{ one: 1 }],
      ]);
    });
  });
});

describe("an extension for row-level security before the event bus", () => {
  it.each(calls.filter(([, names]) => names.length > 0))(
    "is refused, with the way out: %s",
    async (_, __, call) => {
      const before = base.$extends(forTenant("1")).$extends(bus) as unknown as BusClient;
      await expect(Promise.resolve(call(before))).rejects.toSatisfy(
        (error) =>
          isEventBusError(error, "TRANSACTION_ESCAPED") &&
          /apply the event bus first/.test((error as Error).message),
      );
      expect(await ledger.names()).toEqual([]);
      expect((await pool.query("select from users where name is not null")).rowCount).toBe(0);
    },
  );
});
