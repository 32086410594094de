import { beforeAll, describe, expect, it } from "vitest";

import { type Db, p1, p3 } from "./fixture.js";
import { seededTeams } from "./teams.js";

// With a snapshot a row is still seen that others have deleted since. Its key is free, so that a transaction can
// create a row with it, and then sees two rows with one primary key: its own is the one to tell of.
const { pool, ledger, base, prisma, truth } = await seededTeams();

// PostgreSQL's check of a foreign key locks the first of two rows with that key, and refuses with P2034 when that is
// the deleted one. Which is first depends on where free space is, which vacuum changes between two attempts.
beforeAll(async () => {
  const { rows } = await pool.query(
    "select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  for (const { name } of rows) await pool.query(`alter table ${name} set (autovacuum_enabled = false)`);
});

const id = p3;
const free = "0190a000-0000-7000-8000-0000000000ff";
const name = "again";
const team = { connect: { id: 1 } };
const bySlug = { connect: { slug: "one" } };
const create = { id, name };

const writes: readonly (readonly [string, (tx: Db) => PromiseLike<unknown>])[] = [
  ["create", (tx) => tx.project.create({ data: { ...create, teamId: 1 } })],
  [
    "create that selects nothing",
    (tx) => tx.project.create({ data: { ...create, teamId: 1 }, select: { id: true } }),
  ],
  [
    "create with include",
    (tx) => tx.project.create({ data: { ...create, teamId: 1 }, include: { tasks: true } }),
  ],
  ["create with connect", (tx) => tx.project.create({ data: { ...create, team } })],
  ["create with connect by another key", (tx) => tx.project.create({ data: { ...create, team: bySlug } })],
  [
    "create with connectOrCreate",
    (tx) =>
      tx.project.create({
        data: {
          ...create,
          team: { connectOrCreate: { where: { slug: "one" }, create: { slug: "one", name: "" } } },
        },
      }),
  ],
  [
    "create with a new parent",
    (tx) => tx.project.create({ data: { ...create, team: { create: { slug: "new", name: "" } } } }),
  ],
  [
    "create with a new child",
    (tx) => tx.project.create({ data: { ...create, team, tasks: { create: { title: "t" } } } }),
  ],
  ["createMany", (tx) => tx.project.createMany({ data: [{ ...create, teamId: 1 }] })],
  ["createManyAndReturn", (tx) => tx.project.createManyAndReturn({ data: [{ ...create, teamId: 1 }] })],
  [
    "createMany with skipDuplicates",
    (tx) => tx.project.createMany({ data: [{ ...create, teamId: 1 }], skipDuplicates: true }),
  ],
  ["nested create", (tx) => tx.team.update({ where: { id: 1 }, data: { projects: { create } } })],
  [
    "nested create below a new row",
    (tx) => tx.team.create({ data: { slug: "new", name: "", projects: { create } } }),
  ],
  [
    "nested createMany",
    (tx) => tx.team.update({ where: { id: 1 }, data: { projects: { createMany: { data: [create] } } } }),
  ],
  [
    "upsert of another key",
    (tx) => tx.project.upsert({ where: { id: free }, create: { ...create, teamId: 1 }, update: { name } }),
  ],
  [
    "upsert with connect",
    (tx) => tx.project.upsert({ where: { id: free }, create: { ...create, team }, update: { name } }),
  ],
  ["update of the key", (tx) => tx.project.update({ where: { id: p1 }, data: create })],
  [
    "update of the key, with include",
    (tx) => tx.project.update({ where: { id: p1 }, data: create, include: { tasks: true } }),
  ],
  [
    "update of the key, with connect",
    (tx) => tx.project.update({ where: { id: p1 }, data: { ...create, team: { connect: { id: 2 } } } }),
  ],
  ["updateMany of the key", (tx) => tx.project.updateMany({ where: { id: p1 }, data: create })],
  [
    "updateManyAndReturn of the key",
    (tx) => tx.project.updateManyAndReturn({ where: { id: p1 }, data: create }),
  ],
  [
    "nested update of the key",
    (tx) =>
      tx.team.update({
        where: { id: 1 },
        data: { projects: { update: { where: { id: p1 }, data: create } } },
      }),
  ],
  [
    "nested updateMany of the key",
    (tx) =>
      tx.team.update({
        where: { id: 1 },
        data: { projects: { updateMany: { where: { id: p1 }, data: create } } },
      }),
  ],
  [
    "nested upsert, creating",
    (tx) =>
      tx.team.update({
        where: { id: 1 },
        data: { projects: { upsert: { where: { id: free }, create, update: { name } } } },
      }),
  ],
  [
    "nested connectOrCreate",
    (tx) =>
      tx.team.update({
        where: { id: 1 },
        data: { projects: { connectOrCreate: { where: { id: free }, create } } },
      }),
  ],
];

// No other table refers to badges: PostgreSQL lets their keys change.
const badge = { where: { id: 1n }, data: { id: 3n } };
const badges: readonly (readonly [string, (tx: Db) => PromiseLike<unknown>])[] = [
  ["update of a badge's key", (tx) => tx.badge.update(badge)],
  ["update of a badge's key, with include", (tx) => tx.badge.update({ ...badge, include: { member: true } })],
  [
    "update of a badge's key, with connect",
    (tx) => tx.badge.update({ ...badge, data: { ...badge.data, member: { connect: { id: 4 } } } }),
  ],
  [
    "upsert that updates a badge's key",
    (tx) => tx.badge.upsert({ where: badge.where, create: { code: "x" }, update: badge.data }),
  ],
  ["updateMany of a badge's key", (tx) => tx.badge.updateMany(badge)],
  [
    "nested update of a badge's key",
    (tx) => tx.member.update({ where: { id: 1 }, data: { badge: { update: badge.data } } }),
  ],
  [
    "nested upsert that updates a badge's key",
    (tx) =>
      tx.member.update({
        where: { id: 1 },
        data: { badge: { upsert: { create: { code: "x" }, update: badge.data } } },
      }),
  ],
];

const levels = ["RepeatableRead", "Serializable"] as const;
const cases = [
  ...writes.map(([called, write]) => [called, write, () => base.project.delete({ where: { id } })] as const),
  ...badges.map(
    ([called, write]) => [called, write, () => base.badge.delete({ where: { id: 3n } })] as const,
  ),
].flatMap((one) => levels.map((level) => [level, ...one] as const));

describe("a transaction that takes the key of a row that it still sees", () => {
  it.each(cases)("tells of its own row, %s: %s", async (isolationLevel, _, write, makeFree) => {
    const run = async (db: typeof base | typeof prisma) => {
      const look = async (tx: Db) => {
        await tx.project.count();
        await makeFree();
        await write(tx);
      };
      const made = (db as typeof base).$transaction((tx) => look(tx as unknown as Db), { isolationLevel });
      return made.then(
        () => "committed",
        (error: { readonly code?: string }) => error.code ?? error,
      );
    };
    // PostgreSQL may refuse what could be serialized: then it is tried again, as applications do.
    const settled = async (db: unknown) => {
      for (let attempt = 1; ; attempt++) {
        const outcome = await run(db as never);
        if (outcome !== "P2034" || attempt === 3) return outcome;
        await ledger.restore();
        await truth.clear();
      }
    };
    const outcome = await settled(prisma);
    const events = await ledger.events();
    const own = (await truth.changes()).filter(({ after }) => after !== null);
    expect(await truth.told(events)).toEqual(own);
    await ledger.restore();
    expect(await settled(base)).toBe(outcome);
    expect(own.length > 0).toBe(outcome === "committed");
  });

  it.each(levels)(
    "is refused with P2034, to be tried again, by an upsert of that key, %s",
    async (isolationLevel) => {
      const transaction = prisma.$transaction(
        async (tx) => {
          await tx.project.count();
          await base.project.delete({ where: { id } });
          await tx.project.upsert({ where: { id }, create: { ...create, teamId: 1 }, update: { name } });
        },
        { isolationLevel },
      );
      await expect(transaction).rejects.toMatchObject({ code: "P2034" });
      expect(await ledger.names()).toEqual([]);
    },
  );
});
