import { beforeEach, describe, expect, it } from "vitest";

import { assertCompatibleClient } from "../../../src/delivery/compatible-client.js";
import { TRANSACTION_IDENTITY } from "../../../src/outbox/transaction-identity.js";
import { testDatabase } from "../../support/database.js";
import { type BusClient, openBus } from "../support/clients.js";
import { Ledger } from "../support/ledger.js";

// How many statements the check of Prisma's private steps costs: each client pays them once.
const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const CHECK = [TRANSACTION_IDENTITY, TRANSACTION_IDENTITY];
const data = { email: "new@example.org" };

beforeEach(async () => {
  await ledger.clear();
  await pool.query("insert into users (email, updated_at) values ('one@example.org', now())");
});

const calls: readonly (readonly [string, (db: BusClient) => PromiseLike<unknown>])[] = [
  ["create", (db) => db.user.create({ data })],
  ["update", (db) => db.user.update({ where: { id: 1 }, data: { name: "x" } })],
  ["createMany", (db) => db.user.createMany({ data: [data] })],
  ["updateMany", (db) => db.user.updateMany({ data: { name: "x" } })],
  ["create in a transaction", (db) => db.$transaction((tx) => tx.user.create({ data }))],
  ["create in a batch", (db) => db.$transaction([db.user.create({ data })])],
];

describe("the self-check", () => {
  it.each(calls)(
    "sends two statements at the first captured call, beside the one that reads the catalog: %s",
    async (_, call) => {
      const statements: string[] = [];
      const db = openBus(url, { statements });
      expect(statements).toEqual([]);
      await call(db);
      const first = statements.splice(0);
      await pool.query("delete from users where email = $1", [data.email]);
      await pool.query("update users set name = null");
      await call(db);
      const [begin, ...second] = statements;
      const catalog = expect.stringMatching(/^\s*with recursive reached/);
      expect(first).toEqual([begin, ...CHECK, catalog, ...second]);
    },
  );

  it("is made once for calls that come at the same time", async () => {
    const statements: string[] = [];
    const db = openBus(url, { statements });
    const emails = ["a", "b", "c", "d", "e"];
    await Promise.all(emails.map((email) => db.user.create({ data: { email } })));
    expect(statements.filter((text) => text === TRANSACTION_IDENTITY)).toEqual(CHECK);
  });

  it("sends two statements, in a transaction of its own, when a command asks for it", async () => {
    const statements: string[] = [];
    const db = openBus(url, { statements });
    await assertCompatibleClient(db);
    expect(statements.splice(0)).toEqual(["BEGIN", ...CHECK, "COMMIT"]);
    await db.user.create({ data });
    expect(statements).not.toContain(TRANSACTION_IDENTITY);
  });
});
