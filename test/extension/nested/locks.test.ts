import { describe, expect, it } from "vitest";

import { p1, type TeamsClient } from "./fixture.js";
import { seededTeams } from "./teams.js";

const { pool, ledger, base, prisma, truth } = await seededTeams();

type Tx = Parameters<Parameters<TeamsClient["$transaction"]>[0]>[0];
const where = { id: 1 };

/** Two transactions that each insert a row that refers to a team, before either goes on. */
async function twoWithChildren(then: (tx: Tx, name: string) => PromiseLike<unknown>) {
  let inserted = 0;
  let go = (): void => undefined;
  const bothInserted = new Promise<void>((resolve) => {
    go = resolve;
  });
  const run = (name: string) =>
    prisma.$transaction(async (tx) => {
      await tx.member.create({ data: { handle: name, teamId: 1 } });
      await tx.project.create({ data: { name, teamId: 1 } });
      if (++inserted === 2) go();
      await bothInserted;
      await then(tx, name);
    });
  const outcomes = await Promise.allSettled([run("x"), run("y")]);
  return outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason : "done"));
}

describe("two transactions that have each inserted a row that refers to the same one", () => {
  it.each<[string, (tx: Tx, name: string) => PromiseLike<unknown>]>([
    [
      "update it with its keys as they are",
      (tx, name) => tx.team.update({ where, data: { id: 1, slug: "one", name } }),
    ],
    [
      "update it with keys that are undefined",
      (tx, name) => tx.team.update({ where, data: { id: undefined, slug: undefined, name } as never }),
    ],
    [
      "update it with updateMany, keys as they are",
      (tx, name) => tx.team.updateMany({ where, data: { id: 1, slug: "one", name } }),
    ],
    [
      "update it in a relation, keys as they are",
      (tx, name) =>
        tx.member.update({ where: { handle: name }, data: { team: { update: { slug: "one", name } } } }),
    ],
    [
      "upsert it",
      (tx, name) =>
        tx.team.upsert({
          where: { slug: "one" },
          create: { slug: "one", name },
          update: { name },
        }),
    ],
    [
      "update all that is related",
      (tx, name) =>
        tx.team.update({ where, data: { projects: { updateMany: { where: {}, data: { name } } } } }),
    ],
    [
      "delete all that is related",
      (tx, name) =>
        tx.team.update({ where, data: { name, projects: { deleteMany: { name: { not: "P1" } } } } }),
    ],
    [
      "set what is related",
      (tx) => tx.team.update({ where, data: { members: { set: [{ handle: "dee" }, { id: 1 }] } } }),
    ],
    ["set it to nothing", (tx) => tx.team.update({ where, data: { members: { set: [] } } })],
  ])("both commit, and all that they did is told, when they %s", async (_, then) => {
    expect(await twoWithChildren(then)).toEqual(["done", "done"]);
    const events = await ledger.events();
    expect(await truth.told(events)).toEqual(await truth.changes());
    expect(await truth.brokenChains(events)).toEqual([]);
  });
});

it("updateMany of more rows than a statement should name writes and tells all of them", async () => {
  const count = 10_001;
  const notes = Array.from({ length: count }, (_, n) => ({ text: `${n}`, taskId: 4 }));
  await base.note.createMany({ data: notes });
  await prisma.task.update({
    where: { id: 4 },
    data: { notes: { updateMany: { where: { text: { not: "7" } }, data: { text: "x" } } } },
  });
  expect(await base.note.count({ where: { taskId: 4, text: "x" } })).toBe(count - 1);
  const { rows } = await pool.query("select name, count(*)::int from event_bus.events group by 1 order by 1");
  expect(rows).toEqual([
    { name: "NoteUpdated", count: count - 1 },
    { name: "TaskUpdated", count: 1 },
  ]);
});

describe("a row that comes to be related while others are written", () => {
  it.each<[string, (tx: Tx) => PromiseLike<unknown>]>([
    [
      "updateMany",
      (tx) =>
        tx.team.update({ where, data: { projects: { updateMany: { where: {}, data: { name: "late" } } } } }),
    ],
    ["deleteMany", (tx) => tx.team.update({ where, data: { projects: { deleteMany: {} } } })],
    ["set", (tx) => tx.team.update({ where, data: { members: { set: [] } } })],
  ])("is left alone, and does not wait: %s", async (_, call) => {
    const other = await pool.connect();
    try {
      await other.query("begin");
      // The call waits for this row, with the rows that are related at that moment.
      await other.query(`update "Project" set name = 'held' where id = $1`, [p1]);
      await other.query("update members set name = 'held' where id = 1");
      const write = prisma.$transaction((tx) => Promise.resolve(call(tx)));
      await expect
        .poll(async () => {
          const { rowCount } = await pool.query(
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
          );
          return rowCount;
        })
        .toBe(1);
      await other.query(`insert into "Project" (id, name, "teamId") values (gen_random_uuid(), 'new', 1)`);
      await other.query("insert into members (handle, team_id) values ('new', 1)");
      await other.query("commit");
      await write;
    } finally {
      other.release();
    }
    expect(await base.project.count({ where: { name: "new", teamId: 1 } })).toBe(1);
    expect(await base.member.count({ where: { handle: "new", teamId: 1 } })).toBe(1);
    const seen = (await truth.changes()).filter(
      ({ after }) => !["new", "held"].includes(String(after?.["name"])),
    );
    const told = await truth.told(await ledger.events());
    expect(told.filter(({ model }) => model !== "Member")).toEqual(
      seen.filter(({ model }) => model !== "Member"),
    );
  });
});
