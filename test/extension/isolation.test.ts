import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);

// What a transaction runs at, noted by triggers in the transaction itself.
await pool.query(`
  create table levels (level text);
  create function note_level() returns trigger language plpgsql as $$ begin
    insert into levels values (current_setting('transaction_isolation'));
    return null;
  end $$;
  create trigger note_level after insert or update or delete on users for each row execute function note_level();
  create trigger note_level after insert or update or delete on "Post" for each row execute function note_level()`);

const data = { email: "ann@example.org" };
const where = { id: 1 };
const more = { name: "Ann" };

type Db = Pick<ReturnType<typeof openBus>, "user" | "$transaction">;
const forms: readonly (readonly [string, (db: Db) => PromiseLike<unknown>])[] = [
  ["create", (db) => db.user.create({ data })],
  ["nested create", (db) => db.user.create({ data: { ...data, posts: { create: { title: "x" } } } })],
  ["createMany", (db) => db.user.createMany({ data: [data] })],
  ["createManyAndReturn", (db) => db.user.createManyAndReturn({ data: [data] })],
  ["upsert that creates", (db) => db.user.upsert({ where, create: data, update: more })],
  ["upsert that updates", (db) => db.user.upsert({ where: { id: 7 }, create: data, update: more })],
  ["update", (db) => db.user.update({ where: { id: 7 }, data: more })],
  [
    "nested update",
    (db) => db.user.update({ where: { id: 7 }, data: { ...more, posts: { create: { title: "x" } } } }),
  ],
  ["updateMany", (db) => db.user.updateMany({ data: more })],
  ["updateManyAndReturn", (db) => db.user.updateManyAndReturn({ data: more })],
  ["delete", (db) => db.user.delete({ where: { id: 7 } })],
  ["deleteMany", (db) => db.user.deleteMany()],
  ["a batch of one", (db) => db.$transaction([db.user.create({ data })])],
  ["a batch of two", (db) => db.$transaction([db.user.count(), db.user.create({ data })])],
  [
    "a batch with a level of its own",
    (db) => db.$transaction([db.user.create({ data })], { isolationLevel: "ReadCommitted" }),
  ],
  ["a callback", (db) => db.$transaction((tx) => tx.user.create({ data }))],
  [
    "a callback with a level of its own",
    (db) => db.$transaction((tx) => tx.user.create({ data }), { isolationLevel: "RepeatableRead" }),
  ],
];

const servers = [
  ["read committed", url],
  ["repeatable read", `${url}?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read`],
] as const;
const defaults = [undefined, "Serializable"] as const;

describe.each(servers)("with a database whose default is %s", (_, address) => {
  describe.each(defaults)("a client whose default is %s", (isolationLevel) => {
    const client = isolationLevel === undefined ? {} : { transactionOptions: { isolationLevel } };
    const plain = openClient(address, { client });
    const bus = openBus(address, { client });

    beforeEach(async () => {
      await ledger.clear();
      await pool.query("insert into users (id, email, updated_at) values (7, 'bob@example.org', now())");
      await pool.query("truncate levels");
    });

    it.each(forms)("runs %s as without the extension", async (_, run) => {
      const levelsOf = async (db: Db) => {
        await pool.query(
          "begin; delete from users; truncate levels; alter sequence users_id_seq restart;" +
            "insert into users (id, email, updated_at) values (7, 'bob@example.org', now()); truncate levels; commit",
        );
        await run(db);
        return (await pool.query("select level from levels")).rows.map(({ level }) => level);
      };
      const expected = await levelsOf(plain as unknown as Db);
      expect(expected).not.toEqual([]);
      expect(await levelsOf(bus)).toEqual(expected);
    });
  });
});

describe.each(["RepeatableRead", "Serializable"] as const)(
  "many calls on a %s client at once",
  (isolationLevel) => {
    it("do not conflict, as without the extension: they are in no transaction", async () => {
      await ledger.clear();
      const bus = openBus(url, { client: { transactionOptions: { isolationLevel } } });
      await bus.product.create({ data: { sku: "A", title: "a", price: 1 } });
      const more = { stock: { increment: 1 } };
      await Promise.all(
        Array.from({ length: 20 }, () => [
          bus.product.update({ where: { sku: "A" }, data: more }),
          bus.product.updateMany({ data: more }),
        ]).flat(),
      );
      expect(await bus.product.findMany()).toMatchObject([{ stock: 40 }]);
      expect(await ledger.names()).toHaveLength(41);
    });
  },
);
