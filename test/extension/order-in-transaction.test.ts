import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

// Prisma sends what is called in one transaction in the order in which it was started.

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const bus = eventBus({ events, capture: rules });

// Hands on what it gets, some ticks later.
const slow = (ticks: number, models?: readonly string[]) =>
  Prisma.defineExtension({
    query: {
      async $allOperations({ model, args, query }) {
        if (models?.includes(model ?? "") !== false) for (let tick = 0; tick < ticks; tick++) await undefined;
        return query(args);
      },
    },
  });

type Client = Pick<BusClient, "$transaction" | "$extends">;
const stacks: readonly (readonly [string, Client])[] = [
  ["alone", base.$extends(bus) as unknown as Client],
  ["before another extension", base.$extends(bus).$extends(slow(5)) as unknown as Client],
  ["after another extension", base.$extends(slow(5)).$extends(bus) as unknown as Client],
  ["between others", base.$extends(slow(3)).$extends(bus).$extends(slow(9)) as unknown as Client],
  // With these, plain Prisma sends other calls before those that are held up.
  ["after one of a model with rules", base.$extends(slow(5, ["User"])).$extends(bus) as unknown as Client],
  ["before one of a model with rules", base.$extends(bus).$extends(slow(5, ["User"])) as unknown as Client],
  [
    "before one of a model without rules",
    base.$extends(bus).$extends(slow(20, ["Balance"])) as unknown as Client,
  ],
];

type Tx = Parameters<Parameters<BusClient["$transaction"]>[0]>[0];
const b = { id: 2, email: "b" };
const balance = { userId: 7 };

const forms: Readonly<Record<string, (tx: Tx) => Promise<unknown>>> = {
  "create, count": (tx) => Promise.all([tx.user.create({ data: b }), tx.user.count()]).then(([, n]) => n),
  "create, findMany of two statements": (tx) =>
    Promise.all([
      // One of several statements would mingle with them, without the extension.
      tx.user.create({ data: b }),
      tx.user.findMany({ include: { posts: true } }),
    ]).then(([, found]) => found.map(({ posts }) => posts.length)),
  "create, aggregate": (tx) =>
    Promise.all([tx.user.create({ data: b }), tx.user.aggregate({ _max: { id: true } })]).then(
      ([, found]) => found,
    ),
  "create, groupBy": (tx) =>
    Promise.all([tx.user.create({ data: b }), tx.user.groupBy({ by: ["email"] })]).then(
      ([, found]) => found.length,
    ),
  "create, raw count": (tx) =>
    Promise.all([tx.user.create({ data: b }), tx.$queryRaw`select count(*)::int as n from users`]).then(
      ([, found]) => found,
    ),
  "update, findUnique": (tx) =>
    Promise.all([
      tx.user.update({ where: { id: 1 }, data: { email: "z" } }),
      tx.user.findUnique({ where: { id: 1 } }),
    ]).then(([, found]) => found?.email),
  "update, two findUniques": (tx) =>
    Promise.all([
      tx.user.update({ where: { id: 1 }, data: { email: "z" } }),
      tx.user.findUnique({ where: { id: 1 } }),
      tx.user.findUnique({ where: { id: 2 } }),
    ]).then(([, one, other]) => [one?.email, other?.email]),
  "create, create that refers to it": (tx) =>
    Promise.all([tx.user.create({ data: b }), tx.post.create({ data: { title: "t", authorId: 2 } })]).then(
      () => "done",
    ),
  "create, create of a model without rules": (tx) =>
    Promise.all([tx.user.create({ data: b }), tx.balance.create({ data: balance })]).then(() => "done"),
  "create, raw insert that refers to it": (tx) =>
    Promise.all([
      tx.user.create({ data: b }),
      tx.$executeRaw`insert into "Post" (title, "authorId") values ('t', 2)`,
    ]).then(([, n]) => n),
  "delete, raw insert of the same key": (tx) =>
    Promise.all([
      tx.user.delete({ where: { id: 1 } }),
      tx.$executeRaw`insert into users (id, email, updated_at) values (1, 'a', now())`,
    ]).then(([, n]) => n),
  "deleteMany, count": (tx) =>
    Promise.all([tx.user.deleteMany(), tx.user.count()]).then(([{ count }, n]) => [count, n]),
  "createMany, findMany": (tx) =>
    Promise.all([tx.user.createMany({ data: [b] }), tx.user.findMany()]).then(([, found]) => found.length),
  "count, create": (tx) => Promise.all([tx.user.count(), tx.user.create({ data: b })]).then(([n]) => n),
  "create of a model without rules, raw count, create": (tx) =>
    Promise.all([
      tx.balance.create({ data: balance }),
      tx.$queryRaw`select count(*)::int as n from users`,
      tx.user.create({ data: b }),
    ]).then(([, n]) => n),
  "a raw insert, a create that refers to it, its count": (tx) =>
    Promise.all([
      tx.$executeRaw`insert into users (id, email, updated_at) values (2, 'b', now())`,
      tx.post.create({ data: { title: "t", authorId: 2 } }),
      tx.user.update({ where: { id: 2 }, data: { name: "B" } }),
      tx.post.count(),
    ]).then(([, , { name }, n]) => [name, n]),
  "counts between creates": (tx) =>
    Promise.all([
      tx.label.count(),
      tx.label.create({ data: { name: "1" } }),
      tx.label.count(),
      tx.label.createMany({ data: [{ name: "2" }, { name: "3" }] }),
      tx.label.count(),
      tx.label.deleteMany({ where: { name: "1" } }),
      tx.label.count(),
    ]).then((all) => all.filter((one) => typeof one === "number")),
  "a call that is made early and started late": async (tx) => {
    const early = tx.label.create({ data: { name: "1" } });
    const count = tx.label.count();
    return (await Promise.all([count, early]))[0];
  },
  "create that is looked at and not captured, its count": (tx) =>
    Promise.all([tx.post.create({ data: { title: "t", authorId: 1 } }), tx.post.count()]).then(([, n]) => n),
  "counts between writes that are looked at and not captured": (tx) =>
    Promise.all([
      tx.post.create({ data: { title: "t", authorId: 1 } }),
      tx.post.count(),
      tx.$executeRaw`insert into "Post" (title, "authorId") values ('t', 1)`,
      tx.post.deleteMany(),
      tx.$queryRaw`select count(*)::int as n from "Post"`,
      tx.user.update({ where: { id: 1 }, data: { name: "A" } }),
      tx.user.findFirst(),
    ]).then(([, n, m, gone, left, , found]) => [n, m, gone, left, found?.name]),
  "calls that floated for a while": async (tx) => {
    const created = Promise.resolve(tx.label.create({ data: { name: "1" } }));
    const count = Promise.resolve(tx.label.count());
    await tx.user.count();
    return [(await count) + 0, (await created).name];
  },
  "what a call's then starts": (tx) =>
    Promise.all([
      tx.label.create({ data: { name: "1" } }).then(() => tx.label.count()),
      tx.balance.create({ data: balance }).then(() => "done"),
    ]),
};

beforeEach(async () => {
  await ledger.clear();
});

async function outcomeIn(client: Client, run: (tx: Tx) => Promise<unknown>): Promise<string> {
  await ledger.clear();
  await pool.query(`truncate "Balance"; insert into users (id, email, updated_at) values (1, 'a', now())`);
  return client
    .$transaction((tx) => run(tx as Tx))
    .then(
      (value) => JSON.stringify(value),
      ({ code, message }: { code?: string; message: string }) => `${code} ${message}`,
    );
}

describe.each(stacks)("the extension, %s,", (_, withBus) => {
  it.each(Object.entries(forms))("sends in the order of start: %s", async (_, run) => {
    const expected = await outcomeIn(base as unknown as Client, run);
    expect(await outcomeIn(withBus, run)).toBe(expected);
  });
});

describe("calls without rules", () => {
  it("are sent together by Prisma, as without the extension", async () => {
    const statements: string[] = [];
    const recording = openClient(url, { statements });
    const client = recording.$extends(bus);
    const all = (tx: Pick<typeof client, "balance">) =>
      Promise.all([1, 2, 3].map((userId) => tx.balance.findUnique({ where: { userId } })));
    const sent = async (db: Pick<BusClient, "$transaction">) => {
      statements.length = 0;
      await db.$transaction((tx) => all(tx as never));
      return statements.filter((sql) => sql.startsWith("SELECT"));
    };
    const expected = await sent(recording as never);
    expect(expected).toHaveLength(1);
    expect(await sent(client as never)).toEqual(expected);
    // Also when they waited for a captured call.
    statements.length = 0;
    await client.$transaction((tx) => Promise.all([tx.label.create({ data: { name: "1" } }), all(tx)]));
    expect(statements.filter((sql) => sql.includes('FROM "public"."Balance"'))).toHaveLength(1);
  });

  it("that an extension makes within a captured call do not wait for it", async () => {
    const client = base.$extends(bus).$extends((inner) =>
      inner.$extends({
        query: {
          label: {
            async create({ args, query }) {
              const before = await inner.label.count();
              const label = await query(args);
              return Object.assign(label as object, { before }) as typeof label;
            },
          },
        },
      }),
    );
    await client.$transaction(async (tx) => {
      await Promise.all([tx.label.create({ data: { name: "1" } }), tx.label.count()]);
    });
    expect(await ledger.names()).toEqual(["LabelCreated"]);
  });
});

describe("$publish", () => {
  it("comes after the calls that started before it", async () => {
    const client = base.$extends(bus);
    const [event] = [rules.Label.create].map((type) =>
      type({ id: 1, name: "x" } as never, { aggregateKey: "1" } as never),
    );
    await client.$transaction((tx) =>
      Promise.all([
        tx.user.create({ data: b }),
        tx.$publish(event as never),
        tx.user.delete({ where: { id: 2 } }),
      ]),
    );
    expect(await ledger.names()).toEqual(["UserCreated", "LabelCreated", "UserDeleted"]);
  });
});
