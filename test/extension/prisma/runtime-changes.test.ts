import { isDeepStrictEqual } from "node:util";
import { PrismaPg } from "@prisma/adapter-pg";

import { afterAll, describe, expect, it } from "vitest";

import type { PrismaClient } from "../../../prisma/generated/client/client.js";
import { eventBus } from "../../../src/index.js";
import { sampleOf } from "../../support/amount.js";
import { testDatabase } from "../../support/database.js";
import { allRules, events } from "../support/events.js";
import { changedClient } from "./changed-runtime.js";
import { runtimeChanges } from "./runtime-changes.js";

// Prisma may change what it does not document. Whatever it is: a call either works as before, or is refused before anything
// is written.

const { pool } = await testDatabase();
// Each of the many clients listens for its errors.
pool.setMaxListeners(0);
const capture = { User: allRules.User, Post: allRules.Post };

type Db = Pick<PrismaClient, "user" | "post" | "setting">;
type Client = Db & Pick<PrismaClient, "$transaction">;

const where = { id: 1 };
const ann = { email: "ann@example.org" };
const select = { id: true, email: true, name: true };

const calls: Readonly<Record<string, (db: Db) => PromiseLike<unknown>>> = {
  create: (db) => db.user.create({ data: ann, select }),
  createMany: (db) => db.user.createMany({ data: [ann, { email: "ben@example.org" }] }),
  createManyAndReturn: (db) => db.user.createManyAndReturn({ data: [ann], select }),
  update: (db) => db.user.update({ where, data: { name: "x" }, select }),
  updateMany: (db) => db.user.updateMany({ data: { name: "x" } }),
  updateManyAndReturn: (db) => db.user.updateManyAndReturn({ data: { name: "x" }, select }),
  "upsert that creates": (db) => db.user.upsert({ where: ann, create: ann, update: { name: "x" }, select }),
  "upsert that updates": (db) => db.user.upsert({ where, create: ann, update: { name: "x" }, select }),
  delete: (db) => db.user.delete({ where: { id: 2 }, select }),
  deleteMany: (db) => db.user.deleteMany({ where: { id: 2 } }),
  "nested create": (db) =>
    db.user.create({ data: { ...ann, posts: { create: { title: "new" } } }, select: { posts: true } }),
  "nested update": (db) =>
    db.user.update({
      where,
      data: { posts: { update: { where, data: { title: "new" } } } },
      select: { posts: true },
    }),
  "fluent update": (db) => db.user.update({ where, data: { name: "x" } }).posts(),
};

const also = { data: { key: "also", value: 1 } };

class Undone extends Error {}

const contexts: Readonly<Record<string, (db: Client, call: (db: Db) => PromiseLike<unknown>) => unknown>> = {
  alone: (db, call) => call(db),
  "in a transaction": (db, call) =>
    db.$transaction(async (tx) => {
      await tx.setting.create(also);
      return await call(tx);
    }),
  "in a transaction that is rolled back": async (db, call) => {
    let result: unknown;
    const transaction = db.$transaction(async (tx) => {
      await tx.setting.create(also);
      result = await call(tx);
      throw new Undone();
    });
    await transaction.catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
    return result;
  },
  "in a batch": (db, call) => db.$transaction([db.setting.create(also), call(db) as never]),
};

const seed = `
  delete from "Post"; delete from users; delete from "Setting"; delete from event_bus.events;
  alter sequence users_id_seq restart with 1; alter sequence "Post_id_seq" restart with 1;
  insert into users (email, updated_at) values ('one@example.org', now()), ('two@example.org', now());
  insert into "Post" (title, "authorId") values ('old', 1);`;

const contents = `
  select (select json_agg(json_build_array(id, email, name) order by id) from users) as users,
         (select json_agg(json_build_array(id, title, "authorId") order by id) from "Post") as posts,
         (select json_agg(key) from "Setting") as settings,
         (select json_agg(json_build_array(name, operation, aggregate_key) order by name, aggregate_key, position) from event_bus.events) as events`;

interface Outcome {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly result?: unknown;
  readonly stored: unknown;
}

/** `updateManyAndReturn` returns rows as they lie in the table: in another order once a vacuum has freed space. */
function inOneOrder(result: unknown): unknown {
  if (!Array.isArray(result)) return result;
  const items = result.map(inOneOrder) as readonly { readonly id?: unknown }[];
  const areRows = items.every((item) => typeof item?.id === "number");
  return areRows ? items.toSorted((a, b) => Number(a.id) - Number(b.id)) : items;
}

async function outcome(db: Client, context: string, call: string): Promise<Outcome> {
  await pool.query(seed);
  let told: object;
  try {
    told = { result: inOneOrder(await contexts[context]?.(db, calls[call] as never)) };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    told = { code, message };
  }
  return { ...told, stored: (await pool.query(contents)).rows[0] };
}

// A busy machine takes longer than Prisma lets a transaction wait.
const transactionOptions = { maxWait: 120_000, timeout: 120_000 };
const open = (Class: new (options: object) => PrismaClient) =>
  new Class({ adapter: new PrismaPg(pool), transactionOptions });
const opened: PrismaClient[] = [];
afterAll(() => Promise.all(opened.map((client) => client.$disconnect())));

function bus(Class: new (options: object) => PrismaClient): Client {
  const client = open(Class);
  opened.push(client);
  return client.$extends(eventBus({ events, capture })) as unknown as Client;
}

await pool.query(seed);
const untouched: unknown = (await pool.query(contents)).rows[0];
const Unchanged = changedClient([]);
const usual = new Map<string, Promise<Outcome>>();

/** What comes of a call without the change. */
function expectedOf(context: string, call: string): Promise<Outcome> {
  const key = `${context}, ${call}`;
  const known = usual.get(key) ?? outcome(bus(Unchanged), context, call);
  usual.set(key, known);
  return known;
}

const changed = new Map<string, new (options: object) => PrismaClient>();
const cases = Object.keys(runtimeChanges).flatMap((change) =>
  Object.keys(contexts).map((context) => [change, context] as const),
);

describe("a version of Prisma in which something else is done", () => {
  it.each(sampleOf(cases, 9))(
    "works as before, or is refused before anything is written: it %s, %s",
    async (change, context) => {
      const Changed = changed.get(change) ?? changedClient(runtimeChanges[change] ?? []);
      changed.set(change, Changed);
      for (const call of Object.keys(calls)) {
        const expected = await expectedOf(context, call);
        let client: Client;
        try {
          client = bus(Changed);
        } catch (error) {
          expect(error).toMatchObject({ code: "PRISMA_INCOMPATIBLE" });
          return;
        }
        const found = { call, ...(await outcome(client, context, call)) };
        const isAsExpected = found.code === undefined && isDeepStrictEqual(found, { call, ...expected });
        if (!isAsExpected)
          expect(found).toMatchObject({ call, code: "PRISMA_INCOMPATIBLE", stored: untouched });
      }
    },
  );
});
