import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";
import { outcomeOf } from "./support/outcome.js";

// What a role does under policies and with rights of several kinds: what it does without the extension, with an event for
// each row that it wrote, or nothing at all. Rights at random are tried by `npm run test:properties`.

const { url, pool, name } = await testDatabase();
const ledger = new Ledger(pool);
const role = `app_${name.slice(-12)}`;
await pool.query(`
  create role ${role} login password 'x';
  grant usage on schema public, event_bus to ${role};
  grant usage on all sequences in schema public to ${role};
  grant execute on all functions in schema event_bus to ${role};
  grant select, insert, update, delete on all tables in schema public to ${role};
  alter table users enable row level security;
  alter table "Post" enable row level security;
  create policy add on users for insert with check (true)`);
afterAll(() => pool.query(`drop owned by ${role}; drop role ${role}`));

const address = new URL(url);
address.username = role;
address.password = "x";
// A client asks once for rights and policies.
const open = () => {
  const plain = openClient(address.href);
  return {
    plain: plain as unknown as BusClient,
    ours: plain.$extends(eventBus({ events, capture: allRules })) as unknown as BusClient,
  };
};

type Call = (db: BusClient) => PromiseLike<unknown>;

/** Policies for what may be seen, changed and deleted. */
interface Policies {
  readonly see: string;
  readonly change: string;
  readonly remove: string;
  /** Of the posts that are seen. */
  readonly posts?: string;
  /** Of the table of users. */
  readonly rights?: string;
}

async function allow({ see, change, remove, posts = "true", rights }: Policies): Promise<void> {
  await pool.query(`
    drop policy if exists see on users; drop policy if exists change on users; drop policy if exists remove on users;
    drop policy if exists posts on "Post";
    create policy see on users for select using (${see});
    create policy change on users for update using (${change}) with check (true);
    create policy remove on users for delete using (${remove});
    create policy posts on "Post" using (${posts}) with check (true);
    revoke all on users from ${role};
    grant ${rights ?? "select, insert, update, delete"} on users to ${role}`);
}

async function fill(): Promise<void> {
  await ledger.clear();
  await pool.query(`
    insert into users (email, name, role, updated_at) values
      ('a', 'ann', 'MEMBER', now()), ('b', 'bob', 'admin', now()), ('c', 'cleo', 'MEMBER', now());
    insert into "Post" (title, "authorId") values ('p', 1), ('q', 2)`);
}

async function rowsLeft(): Promise<unknown> {
  const users = await pool.query(`select id, email, name, role, nick_name from users order by id`);
  const posts = await pool.query(`select * from "Post" order by id`);
  return { users: users.rows, posts: posts.rows };
}

/** The call by itself, then with the extension. */
async function both(policies: Policies, call: Call) {
  await allow(policies);
  const { plain, ours } = open();
  await fill();
  const wanted = { outcome: await outcomeOf(() => call(plain)), rows: await rowsLeft() };
  await fill();
  const before = await rowsLeft();
  const got = { outcome: await outcomeOf(() => call(ours)), rows: await rowsLeft() };
  const told = (await ledger.events()).map((event) => `${event.name} ${event.aggregateKey}`);
  return { wanted, before, got, told };
}

const MOST_MAY_GO: Policies = { see: "true", change: "role = 'MEMBER'", remove: "true" };
const ALIKE: Policies = { see: "role = 'MEMBER'", change: "role = 'MEMBER'", remove: "role = 'MEMBER'" };
const BLIND: Policies = { see: "role = 'MEMBER'", change: "true", remove: "true" };

const same: readonly (readonly [string, Policies, readonly string[], Call])[] = [
  [
    "deleteMany where more rows may go than may be changed",
    MOST_MAY_GO,
    ["PostDeleted 1", "PostDeleted 2", "UserDeleted 1", "UserDeleted 2", "UserDeleted 3"],
    (db) => db.user.deleteMany(),
  ],
  [
    "delete of what may not be changed",
    MOST_MAY_GO,
    ["PostDeleted 2", "UserDeleted 2"],
    (db) => db.user.delete({ where: { id: 2 }, select: { id: true, posts: true } }),
  ],
  [
    "update of what may not be changed",
    MOST_MAY_GO,
    [],
    (db) => db.user.update({ where: { id: 2 }, data: { name: "x" }, select: { id: true } }),
  ],
  [
    "updateMany where some may not be changed",
    MOST_MAY_GO,
    ["UserUpdated 1", "UserUpdated 3"],
    (db) => db.user.updateMany({ data: { name: "x" } }),
  ],
  [
    "connect to what may not be changed",
    MOST_MAY_GO,
    ["PostCreated 3"],
    (db) => db.post.create({ data: { title: "r", author: { connect: { id: 2 } } } }),
  ],
  [
    "deleteMany under one condition",
    ALIKE,
    ["PostDeleted 1", "UserDeleted 1", "UserDeleted 3"],
    (db) => db.user.deleteMany({}),
  ],
  [
    "updateMany under one condition",
    ALIKE,
    ["UserUpdated 1", "UserUpdated 3"],
    (db) => db.user.updateMany({ data: { name: "x" } }),
  ],
  ["delete of what is not seen", BLIND, [], (db) => db.user.delete({ where: { id: 2 } })],
  [
    "deleteMany with a condition where some are not seen",
    BLIND,
    ["PostDeleted 1", "UserDeleted 1", "UserDeleted 3"],
    (db) => db.user.deleteMany({ where: { id: { gt: 0 } } }),
  ],
  [
    "deleteMany with a limit where some are not seen",
    BLIND,
    ["PostDeleted 1", "UserDeleted 1", "UserDeleted 3"],
    (db) => db.user.deleteMany({ limit: 5 }),
  ],
  [
    "updateMany with a condition on what is null",
    BLIND,
    ["UserUpdated 1", "UserUpdated 3"],
    (db) => db.user.updateMany({ where: { nickName: null }, data: { name: "x" } }),
  ],
  [
    "updateManyAndReturn, which reads columns",
    BLIND,
    ["UserUpdated 1", "UserUpdated 3"],
    (db) => db.user.updateManyAndReturn({ data: { name: "x" }, select: { id: true } }),
  ],
  [
    "deleteMany by the owner of nothing that is hidden",
    { ...BLIND, see: "true" },
    ["PostDeleted 1", "PostDeleted 2", "UserDeleted 1", "UserDeleted 2", "UserDeleted 3"],
    (db) => db.user.deleteMany(),
  ],
  [
    "deleteMany without the right to change",
    { ...ALIKE, rights: "select, insert, delete" },
    ["PostDeleted 1", "UserDeleted 1", "UserDeleted 3"],
    (db) => db.user.deleteMany(),
  ],
  [
    "delete without the right to change",
    { ...ALIKE, rights: "select, insert, delete" },
    ["PostDeleted 1", "UserDeleted 1"],
    (db) => db.user.delete({ where: { id: 1 }, select: { email: true } }),
  ],
];

const refused: readonly (readonly [string, Policies, Call])[] = [
  ["deleteMany of all, some of which are not seen", BLIND, (db) => db.user.deleteMany()],
  [
    "the same with a condition that is none",
    BLIND,
    (db) => db.user.deleteMany({ where: { id: { notIn: [] }, AND: [] } }),
  ],
  [
    "updateMany of all, some of which are not seen",
    BLIND,
    (db) => db.user.updateMany({ data: { name: "x" } }),
  ],
  ["the same in a transaction", BLIND, (db) => db.$transaction((tx) => tx.user.deleteMany({ where: {} }))],
  [
    "delete of a row that takes along one that is not seen",
    { ...ALIKE, posts: "title <> 'p'" },
    (db) => db.user.delete({ where: { id: 1 } }),
  ],
  [
    "deleteMany likewise",
    { ...ALIKE, posts: "title <> 'p'" },
    (db) => db.user.deleteMany({ where: { id: 1 } }),
  ],
];

beforeEach(fill);

describe("under policies and with rights,", () => {
  it.each(same)("%s: as without the extension", async (_, policies, names, call) => {
    const { wanted, got, told } = await both(policies, call);
    expect(got).toEqual(wanted);
    expect(told.toSorted()).toEqual(names);
  });

  it.each(refused)("%s: is refused, with nothing written", async (_, policies, call) => {
    const { wanted, got, told, before } = await both(policies, call);
    expect(wanted.rows).not.toEqual(before);
    expect(got).toEqual({
      outcome: { error: expect.objectContaining({ code: "NOT_CAPTURED" }) },
      rows: before,
    });
    expect(told).toEqual([]);
  });

  it("a call for all rows that are seen costs no trial where policies for all commands are alike", async () => {
    await allow(ALIKE);
    const statements: string[] = [];
    const client = openClient(address.href, { statements });
    await client.$extends(eventBus({ events, capture: allRules })).user.deleteMany();
    expect(statements.filter((text) => text.includes("savepoint"))).toEqual([]);
  });
});
