// Calls of which the rows refer to each other, or are found by others: their result is that of one statement.
import { beforeEach, describe, expect, it } from "vitest";

import { ROWS_PER_STATEMENT } from "../../src/extension/rows/read-rows.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openTeams } from "./nested/fixture.js";
import { openClient } from "./support/clients.js";
import { events, unusualRules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";
import { whileOtherHolds } from "./support/waiting.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const statements: string[] = [];
const prisma = openTeams(url, { statements });
const COUNT = ROWS_PER_STATEMENT + 100;

/** Members of whom each is managed by `managerOf`. */
const members = (managerOf: (id: number) => number | null, count = COUNT) =>
  Array.from({ length: count }, (_, index) => index + 1).map((id) => ({
    id,
    handle: `${id}`,
    managerId: managerOf(id),
  }));
const byTheLast = (id: number) => (id === COUNT ? null : COUNT);
const byTheOneBefore = (id: number) => (id === 1 ? null : id - 1);

beforeEach(() => ledger.clear());

const keys = async () => (await ledger.events()).map(({ aggregateKey }) => Number(aggregateKey));
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe("createMany", () => {
  it("takes rows that refer to later ones", async () => {
    expect(await prisma.member.createMany({ data: members(byTheLast) })).toEqual({ count: COUNT });
    expect(await keys()).toEqual(numbers(1, COUNT));
    expect(await base.member.count({ where: { managerId: COUNT } })).toBe(COUNT - 1);
  });
});

describe("updateMany", () => {
  it("changes all rows that were found by others when it began", async () => {
    await base.member.createMany({ data: members(byTheOneBefore) });
    await base.member.updateMany({ data: { name: "old" } });
    const where = { OR: [{ managerId: null }, { manager: { name: "old" } }] };
    expect(await prisma.member.updateMany({ where, data: { name: "new" } })).toEqual({ count: COUNT });
    expect(await keys()).toEqual(numbers(1, COUNT));
    expect(await base.member.count({ where: { name: "old" } })).toBe(0);
  });

  it("tells references that follow to rows of the same call", async () => {
    await base.member.createMany({ data: members(byTheOneBefore, 3) });
    await prisma.member.updateMany({ data: { id: { increment: 1_000 } } });
    const found = await ledger.events();
    expect(found.map(({ changes, initialData }) => [initialData, changes])).toEqual([
      [{ id: 1 }, { id: 1_001 }],
      [
        { id: 2, managerId: 1 },
        { id: 1_002, managerId: 1_001 },
      ],
      [
        { id: 3, managerId: 2 },
        { id: 1_003, managerId: 1_002 },
      ],
    ]);
    expect(found.map(({ aggregate }) => aggregate)).toEqual(
      await base.member.findMany({ orderBy: { id: "asc" } }),
    );
  });
});

describe("deleteMany", () => {
  it("deletes rows together that would hold each other back", async () => {
    await pool.query(`alter table members drop constraint members_manager_id_fkey,
      add constraint members_manager_id_fkey foreign key (manager_id) references members on delete no action`);
    // A client asks for the foreign keys once.
    const own = openTeams(url);
    await base.member.createMany({ data: members(byTheOneBefore) });
    expect(await own.member.deleteMany()).toEqual({ count: COUNT });
    expect((await keys()).sort((a, b) => a - b)).toEqual(numbers(1, COUNT));
    await pool.query(`alter table members drop constraint members_manager_id_fkey,
      add constraint members_manager_id_fkey foreign key (manager_id) references members on delete set null on update cascade`);
  });

  it("counts the rows that are found by others of the call", async () => {
    await base.member.createMany({ data: members(byTheOneBefore) });
    // PostgreSQL sets what refers to deleted rows to null meanwhile.
    expect(await prisma.member.deleteMany({ where: { managerId: { not: null } } })).toEqual({
      count: COUNT - 1,
    });
    expect((await ledger.names()).every((name) => name === "MemberDeleted")).toBe(true);
    expect((await keys()).sort((a, b) => a - b)).toEqual(numbers(2, COUNT - 1));
  });

  it("tells what becomes of a row that was found and is not looked for any more", async () => {
    await base.member.createMany({ data: members(byTheOneBefore, 2) });
    await base.member.updateMany({ data: { name: "old" } });
    const answer = await whileOtherHolds(pool, "update members set name = 'other' where id = 2", () =>
      prisma.member.deleteMany({ where: { name: "old" } }),
    );
    expect(answer).toEqual({ count: 1 });
    expect(
      (await ledger.events()).map(({ name, aggregateKey, changes }) => [name, aggregateKey, changes]),
    ).toEqual(
      expect.arrayContaining([
        ["MemberUpdated", "2", { managerId: null }],
        ["MemberDeleted", "1", {}],
      ]),
    );
  });
});

describe("a unique field that is written with its value", () => {
  const form = { where: { id: 1 }, data: { handle: "1", name: "new" } };

  it.each(["the same value", "another value"])("lets others refer to the row: %s", async (which) => {
    await base.member.createMany({ data: members(() => null, 1) });
    const sent = which === "the same value" ? form : { ...form, data: { ...form.data, handle: "other" } };
    const other = await pool.connect();
    try {
      // What an insert of a row that refers to it holds until its transaction ends.
      await other.query("begin; select from members where id = 1 for key share");
      const answer = prisma.$transaction(async (tx) => {
        await tx.$executeRaw`set local lock_timeout = '200ms'`;
        return tx.member.updateMany(sent);
      });
      // PostgreSQL itself waits where a key changes that could be referred to.
      if (which === "the same value") expect(await answer).toEqual({ count: 1 });
      else await expect(answer).rejects.toThrow(/lock timeout/);
    } finally {
      await other.query("rollback");
      other.release();
    }
  });
});

describe("a key with microseconds", () => {
  const readings = base.$extends(eventBus({ events, capture: { Reading: unusualRules.Reading } }));

  it("is that of each row, though Prisma reads several as one", async () => {
    await pool.query(`alter table "Reading" alter at type timestamptz(6)`);
    await pool.query(
      `insert into "Reading" (at) values ('2026-01-01 08:00:00.123456Z'), ('2026-01-01 08:00:00.123457Z'),
              ('2026-01-01 08:00:00.123458Z'), ('2026-01-01 08:00:00.124Z')`,
    );
    expect(await readings.reading.updateMany({ data: { note: "x" } })).toEqual({ count: 4 });
    expect(
      await readings.reading.updateMany({ where: { note: "x" }, data: { note: "y" }, limit: 2 }),
    ).toEqual({
      count: 2,
    });
    expect(await readings.reading.deleteMany({ where: { at: "2026-01-01T08:00:00.124Z" } })).toEqual({
      count: 1,
    });
    expect(await readings.reading.deleteMany()).toEqual({ count: 3 });
    expect(await ledger.names()).toEqual([
      ...Array(6).fill("ReadingUpdated"),
      ...Array(4).fill("ReadingDeleted"),
    ]);
  });
});
