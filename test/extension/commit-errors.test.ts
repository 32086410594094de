import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";
import { outcomeOf } from "./support/outcome.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const log = [{ emit: "event", level: "error" }] as const;
const plain = openClient(url, { client: { log: [...log] } });
const base = openClient(url, { client: { log: [...log] } });
const logged: { plain: string[]; bus: string[] } = { plain: [], bus: [] };
plain.$on("error" as never, ({ message, target }: { message: string; target: string }) => {
  logged.plain.push(`${target}: ${withoutPlace(message)}`);
});
base.$on("error" as never, ({ message, target }: { message: string; target: string }) => {
  logged.bus.push(`${target}: ${withoutPlace(message)}`);
});
const bus = base.$extends(eventBus({ events, capture: rules }));
const minimal = {
  plain: openClient(url, { client: { errorFormat: "minimal" } }),
  bus: openBus(url, { client: { errorFormat: "minimal" } }),
};

// What PostgreSQL checks at COMMIT only.
await pool.query(`
  alter table "Order" drop constraint "Order_userId_fkey",
    add constraint "Order_userId_fkey" foreign key ("userId") references users (id) deferrable initially deferred;
  drop index users_email_key;
  alter table users add constraint users_email_key unique (email) deferrable initially deferred;
  create function refuse_at_commit() returns trigger language plpgsql as $$ begin
    raise exception 'refused at commit: %', new.title using errcode = new.title;
  end $$;
  create constraint trigger refuse_at_commit after insert or update on "Product" deferrable initially deferred
    for each row when (new.title ~ '^[0-9A-Z]{5}$') execute function refuse_at_commit()`);

/** The call site is that of the test, on one line for both. */
function withoutPlace(message: string): string {
  return message.replaceAll(/ in\n.*?\n\n(?=\S)/gs, "\n");
}

type Db = Pick<typeof bus, "user" | "order" | "product" | "$transaction">;
const price = { price: 1 };

const forms: readonly (readonly [string, (db: Db) => PromiseLike<unknown>])[] = [
  ["create: foreign key", (db) => db.order.create({ data: { userId: 99 } })],
  ["createMany: foreign key", (db) => db.order.createMany({ data: [{ userId: 99 }, { userId: 1 }] })],
  ["createManyAndReturn: foreign key", (db) => db.order.createManyAndReturn({ data: [{ userId: 99 }] })],
  ["update: foreign key", (db) => db.order.update({ where: { number: 1 }, data: { userId: 77 } })],
  ["updateMany: foreign key", (db) => db.order.updateMany({ data: { userId: 77 } })],
  ["deleteMany: foreign key", (db) => db.user.deleteMany({ where: { id: 1 } })],
  ["delete: foreign key", (db) => db.user.delete({ where: { id: 1 } })],
  ["create: unique", (db) => db.user.create({ data: { email: "a" } })],
  ["update: unique", (db) => db.user.update({ where: { id: 2 }, data: { email: "a" } })],
  ["updateMany: unique", (db) => db.user.updateMany({ data: { email: "a" } })],
  [
    "nested create: unique",
    (db) => db.user.create({ data: { email: "a", posts: { create: { title: "x" } } } }),
  ],
  [
    "nested create: unique in the other model",
    (db) =>
      db.order.create({
        data: { user: { create: { email: "a" } }, payments: { create: { amount: 1, reference: "r" } } },
      }),
  ],
  ["batch of one: unique", (db) => db.$transaction([db.user.create({ data: { email: "a" } })])],
  ["batch: unique", (db) => db.$transaction([db.user.count(), db.user.create({ data: { email: "a" } })])],
  ["callback: unique", (db) => db.$transaction((tx) => tx.user.create({ data: { email: "a" } }))],
  ...[
    "22001",
    "22003",
    "22P02",
    "23502",
    "23514",
    "40001",
    "40P01",
    "42501",
    "42P01",
    "42703",
    "28000",
    "53300",
    "P0001",
    "XX000",
  ].map(
    (state) =>
      [
        `update: a trigger that raises ${state}`,
        (db: Db) => db.product.update({ where: { sku: "A" }, data: { title: state } }),
      ] as const,
  ),
  [
    "create: a trigger that raises 23505",
    (db) => db.product.create({ data: { sku: "B", title: "23505", ...price } }),
  ],
];

beforeEach(async () => {
  await ledger.clear();
  await pool.query(`insert into users (email, updated_at) values ('a', now()), ('b', now());
    insert into "Order" (id, "userId") values ('01890a5d-ac96-774b-bcce-b302099a8057', 1);
    insert into "Product" (sku, title, price) values ('A', 'a', 1)`);
  logged.plain.length = 0;
  logged.bus.length = 0;
});

describe("what PostgreSQL refuses at COMMIT", () => {
  it.each(forms)("fails as without the extension, and publishes nothing: %s", async (name, run) => {
    const at = (db: Db) => outcomeOf(() => run(db));
    const expected = await at(plain as unknown as Db);
    const outcome = await at(bus);
    expect(tidy(outcome)).toEqual(tidy(expected));
    expect(expected).toHaveProperty("error");
    expect(await at(minimal.bus)).toEqual(await at(minimal.plain as unknown as Db));
    // Prisma's own batch says it once for each of its calls.
    if (!name.startsWith("batch:")) expect(logged.bus).toEqual(logged.plain);
    expect(await ledger.names()).toEqual([]);
  });
});

function tidy(outcome: unknown): unknown {
  return JSON.parse(JSON.stringify(outcome), (_, value) =>
    typeof value === "string" ? withoutPlace(value) : value,
  );
}
