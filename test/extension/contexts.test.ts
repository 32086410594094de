import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus } from "./support/clients.js";
import { contexts, type Db, type Write } from "./support/contexts.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
await ledger.watch("users");
await ledger.subscribe(["mailer", "indexer"], ["UserCreated", "UserUpdated", "UserDeleted"]);

const ann = { email: "ann@example.org", name: "Ann" };
const where = { email: ann.email };

interface Operation {
  readonly operation: string;
  readonly isSeeded: boolean;
  readonly write: (db: Db) => unknown;
  readonly what: string;
  readonly event: string;
  readonly names: readonly (string | null)[];
}

const operations: readonly Operation[] = [
  {
    operation: "create",
    isSeeded: false,
    write: (db) => db.user.create({ data: ann }),
    what: "INSERT",
    event: "UserCreated",
    names: ["Ann"],
  },
  {
    operation: "update",
    isSeeded: true,
    write: (db) => db.user.update({ where, data: { name: "Bob" } }),
    what: "UPDATE",
    event: "UserUpdated",
    names: ["Bob"],
  },
  {
    operation: "upsert of a new row",
    isSeeded: false,
    write: (db) => db.user.upsert({ where, create: ann, update: { name: "Bob" } }),
    what: "INSERT",
    event: "UserCreated",
    names: ["Ann"],
  },
  {
    operation: "upsert of a row that is there",
    isSeeded: true,
    write: (db) => db.user.upsert({ where, create: ann, update: { name: "Bob" } }),
    what: "UPDATE",
    event: "UserUpdated",
    names: ["Bob"],
  },
  {
    operation: "delete",
    isSeeded: true,
    write: (db) => db.user.delete({ where }),
    what: "DELETE",
    event: "UserDeleted",
    names: [],
  },
];

const names = async () =>
  (await pool.query("select name from users order by id")).rows.map((row) => row.name);

describe.each(contexts)("in $name", (context) => {
  describe.each(operations)("$operation", ({ isSeeded, write, what, event, names: namesAfter }) => {
    beforeEach(async () => {
      await ledger.clear();
      if (!isSeeded) return;
      await pool.query("insert into users (email, name, updated_at) values ($1, $2, now())", [
        ann.email,
        ann.name,
      ]);
      await pool.query("truncate written");
    });

    it("commits the row, its event and its jobs together", async () => {
      await context.commits(prisma, write as Write, pool);
      expect(await ledger.writesAndEvents()).toEqual([[what, event]]);
      expect(await ledger.counts()).toEqual({ rows: namesAfter.length, events: 1, jobs: 2 });
      expect(await names()).toEqual(namesAfter);
    });

    it("leaves nothing when it is rolled back", async () => {
      await context.rollsBack(prisma, write as Write, pool);
      expect(await ledger.writesAndEvents()).toEqual([]);
      expect(await ledger.counts()).toEqual({ rows: isSeeded ? 1 : 0, events: 0, jobs: 0 });
      expect(await names()).toEqual(isSeeded ? ["Ann"] : []);
    });
  });
});
