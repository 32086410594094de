import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openGenerated, withRules } from "../properties/generated-client.js";
import { keyTables } from "../properties/key-cases.js";
import { testDatabase } from "../support/database.js";
import { Ledger } from "./support/ledger.js";
import { whileOtherHolds } from "./support/waiting.js";

// Keys that Prisma reads and does not find again, such as 24:00: rows are written as what the `where` finds. What it finds when
// they are written may be other rows than those that were locked.

const { url, pool } = await testDatabase();
await pool.query(`drop schema public cascade; create schema public; ${keyTables()}`);
const ledger = new Ledger(pool);
const client = withRules(await openGenerated("keys", url), ["Time0Root"]);
const times = Reflect.get(client, "time0Root") as Record<
  "deleteMany" | "updateMany",
  (args: object) => PromiseLike<unknown>
>;
afterAll(() => client.$disconnect());

beforeEach(async () => {
  await ledger.forgetEvents();
  await pool.query(`
    truncate "Time0 roots" cascade;
    insert into "Time0 roots" ("the key", note) values ('24:00', 'f'), ('02:00', 'f'), ('03:00', 'busy')`);
});

/** Another transaction changes which rows are found, after they were looked for and before they are locked. */
const whileOthersChange = (call: () => PromiseLike<unknown>) =>
  whileOtherHolds(
    pool,
    `update "Time0 roots" set note = case note when 'f' then 'busy' else 'f' end
      where "the key" in ('24:00', '03:00')`,
    call,
  );

const told = async () =>
  (await ledger.events()).map(({ operation, aggregateKey }) => `${operation} ${aggregateKey}`);
const hour = (hours: number) => new Date(hours * 3_600_000).toISOString();

describe("rows whose keys Prisma does not find again", () => {
  it("are deleted with an event for each that is gone, whatever others do meanwhile", async () => {
    const answer = await whileOthersChange(() => times.deleteMany({ where: { note: "f" } }));
    expect(answer).toEqual({ count: 2 });
    expect((await told()).sort()).toEqual([`delete ${hour(2)}`, `delete ${hour(3)}`]);
    expect((await pool.query(`select "the key" as key from "Time0 roots"`)).rows).toEqual([
      { key: "24:00:00" },
    ]);
  });

  it("are updated with an event for each that was written, whatever others do meanwhile", async () => {
    const answer = await whileOthersChange(() =>
      times.updateMany({ where: { note: "f" }, data: { note: "g" } }),
    );
    expect(answer).toEqual({ count: 2 });
    expect((await told()).sort()).toEqual([`update ${hour(2)}`, `update ${hour(3)}`]);
  });

  it("are left alone beyond a limit", async () => {
    expect(await times.deleteMany({ where: { note: "f" }, limit: 1 })).toEqual({ count: 1 });
    expect(await told()).toHaveLength(1);
  });
});
