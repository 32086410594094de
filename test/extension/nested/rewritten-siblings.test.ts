import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../../src/index.js";
import { testDatabase } from "../../support/database.js";
import { type BusClient, openClient } from "../support/clients.js";
import { allRules, events } from "../support/events.js";
import { Ledger } from "../support/ledger.js";

// Triggers that write rows beside the one that a call writes, such as those that keep positions: rows that were there before
// are none that the call created, although its transaction wrote them last.

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const TOUCH_POSTS = `update "Post" set body = coalesce(body, '') || '+'`;

const triggers: readonly (readonly [string, string, string])[] = [
  ["of the rows that are created", `"Post" for each row when (pg_trigger_depth() < 1)`, "after insert"],
  ["of the row that they belong to", "users for each row", `after update`],
  ["of rows of a third table", '"Label" for each row', `after insert`],
];

const nested: readonly (readonly [string, (db: BusClient) => PromiseLike<unknown>])[] = [
  [
    "create",
    (db) =>
      db.user.update({
        where: { id: 1 },
        data: { name: "x", posts: { create: { title: "new", labels: { create: { name: "l" } } } } },
      }),
  ],
  [
    "createMany",
    (db) =>
      db.user.update({
        where: { id: 1 },
        data: { name: "x", posts: { createMany: { data: [{ title: "new" }] } } },
      }),
  ],
  [
    "connectOrCreate",
    (db) =>
      db.user.update({
        where: { id: 1 },
        data: {
          name: "x",
          posts: {
            connectOrCreate: {
              where: { id: 99 },
              create: { id: 99, title: "new", labels: { create: { name: "l" } } },
            },
          },
        },
      }),
  ],
  [
    "upsert",
    (db) =>
      db.user.update({
        where: { id: 1 },
        data: {
          name: "x",
          posts: {
            upsert: {
              where: { id: 99 },
              create: { id: 99, title: "new", labels: { create: { name: "l" } } },
              update: {},
            },
          },
        },
      }),
  ],
  [
    "create, by an upsert",
    (db) =>
      db.user.upsert({
        where: { id: 1 },
        create: { email: "z" },
        update: { name: "x", posts: { create: { title: "new", labels: { create: { name: "l" } } } } },
      }),
  ],
  [
    "create that a later set may take away",
    (db) =>
      db.label.update({
        where: { id: 1 },
        data: { posts: { create: { title: "new", author: { connect: { id: 1 } } }, set: [] } },
      }),
  ],
  [
    "create from the other side",
    (db) =>
      db.post.create({
        data: { title: "new", labels: { create: { name: "l" } }, author: { connect: { id: 1 } } },
      }),
  ],
];

beforeEach(async () => {
  await ledger.clear();
  await pool.query(`
    insert into users (email, updated_at) values ('a', now()), ('b', now());
    insert into "Label" (name) values ('red');
    insert into "Post" (title, "authorId") values ('p', 1), ('q', 1), ('r', 2);
    create function touch_posts() returns trigger language plpgsql as $$ begin ${TOUCH_POSTS}; return new; end $$`);
});
afterEach(() => pool.query("drop function touch_posts cascade"));

describe.each(triggers)("siblings that triggers %s write", (_, table, when) => {
  it.each(nested)("are not taken for created by a nested %s", async (__, call) => {
    await pool.query(`create trigger touch ${when} on ${table} execute function touch_posts()`);
    const client = openClient(url).$extends(eventBus({ events, capture: allRules }));
    await call(client as unknown as BusClient);
    const created = (await ledger.events()).filter(({ name }) => name === "PostCreated");
    expect(created.map(({ aggregate }) => aggregate["title"])).toEqual(["new"]);
  });
});
