import { beforeAll, describe, expect, it } from "vitest";

import { byReference } from "../../../src/extension/relations/event-order.js";
import { ROWS_PER_STATEMENT } from "../../../src/extension/rows/read-rows.js";
import { eventBus } from "../../../src/index.js";
import { modelsOf } from "../../support/ground-truth.js";
import { openClient } from "../support/clients.js";
import { capture, events } from "./fixture.js";
import { seededTeams } from "./teams.js";

const statements: string[] = [];
const { url, pool, ledger, base, prisma } = await seededTeams({ statements });
const models = modelsOf(base);

/** Waits until a statement waits for a lock; a busy machine may take long to get there. */
const somebodyWaits = () =>
  expect
    .poll(
      async () => {
        const { rowCount } = await pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rowCount;
      },
      { timeout: 60_000 },
    )
    .toBe(1);

describe("rows that follow", () => {
  const limited = base.$extends(eventBus({ events, capture, bulk: { maxRows: 3 } }));

  it.each([
    ["delete", (db: typeof limited) => db.team.delete({ where: { id: 1 } })],
    ["update of a key", (db: typeof limited) => db.team.update({ where: { id: 1 }, data: { id: 9 } })],
    ["deleteMany", (db: typeof limited) => db.team.deleteMany({ where: { id: 1 } })],
  ])("are refused before anything is written when they are too many: %s", async (_, call) => {
    await limited.$transaction(async (tx) => {
      await expect(Promise.resolve(call(tx as typeof limited))).rejects.toMatchObject({
        code: "TOO_MANY_ROWS",
        message: expect.stringContaining("more than 3 other rows"),
      });
      await tx.team.update({ where: { id: 2 }, data: { name: "goes on" } });
    });
    expect(await ledger.names()).toEqual(["TeamUpdated"]);
    expect(await base.project.count()).toBe(3);
  });

  it("are let go without events where the model allows it, the call's own row apart", async () => {
    const allowing = base.$extends(
      eventBus({
        events,
        capture: { ...capture, Team: { ...capture.Team, uncaptured: "allow" } },
        bulk: { maxRows: 3 },
      }),
    );
    await allowing.team.delete({ where: { id: 1 } });
    expect(await ledger.names()).toEqual(["TeamDeleted"]);
    expect(await base.project.count()).toBe(1);
    await base.team.createMany({ data: ["a", "b", "c"].map((slug) => ({ slug, name: slug })) });
    const changed = { name: "all" };
    expect(await allowing.team.updateMany({ data: changed })).toEqual({ count: 4 });
    expect(await allowing.team.updateManyAndReturn({ data: changed, select: { name: true } })).toEqual(
      Array(4).fill(changed),
    );
    expect(await ledger.names()).toEqual(["TeamDeleted"]);
    await allowing.team.updateMany({ where: { slug: "a" }, data: { name: "one" } });
    expect(await ledger.names()).toEqual(["TeamDeleted", "TeamUpdated"]);
    expect(() =>
      base.$extends(eventBus({ events, capture: { Team: { uncaptured: "maybe" as "allow" } } })),
    ).toThrow(/capture\.Team.*"refuse" or "allow"/s);
  });

  it("pass when they are just as many", async () => {
    await base.note.createMany({ data: [1, 2].map((n) => ({ text: `${n}`, taskId: 4 })) });
    await limited.task.delete({ where: { id: 4 } });
    expect(await ledger.names()).toEqual(["NoteDeleted", "NoteDeleted", "TaskDeleted"]);
  });

  it("are published in parts", async () => {
    const count = ROWS_PER_STATEMENT * 2 + 1;
    await base.note.createMany({
      data: Array.from({ length: count }, (_, n) => ({ text: `${n}`, taskId: 4 })),
    });
    const bus = base.$extends(eventBus({ events, capture }));
    statements.length = 0;
    await bus.task.delete({ where: { id: 4 } });
    expect(await ledger.names()).toEqual([...Array(count).fill("NoteDeleted"), "TaskDeleted"]);
    expect(statements.filter((text) => text.includes("publish"))).toHaveLength(3);
  });

  it("are put in order along a chain of any length", () => {
    const model = models.get("Member");
    if (model === undefined) throw new Error("expected the model Member");
    const length = 20_000;
    const chain = Array.from({ length }, (_, at) => {
      const before = { id: at, managerId: at + 1 };
      return { change: { model, operation: "delete", before, after: undefined, rules: [] } as const };
    });
    const order = byReference(models, chain);
    expect(order.map(({ change }) => change.before.id)).toEqual(Array.from({ length }, (_, at) => at));
    const changed = chain.map(({ change }) => ({
      change: { ...change, operation: "update", after: change.before } as const,
    }));
    expect(byReference(models, changed)[0]?.change.before.id).toBe(length - 1);
  });

  it("are told when they were to be deleted themselves, and another transaction has kept them from it", async () => {
    await base.member.update({ where: { id: 2 }, data: { name: "Bob" } });
    const other = await pool.connect();
    await other.query("begin");
    await other.query("update members set name = 'Rob' where id = 2");
    const call = Promise.resolve(prisma.member.deleteMany({ where: { OR: [{ id: 1 }, { name: "Bob" }] } }));
    await somebodyWaits();
    await other.query("commit");
    other.release();
    expect(await call).toEqual({ count: 1 });
    const members = (await ledger.events()).filter(
      ({ aggregateType, aggregateKey }) => aggregateType === "Member" && aggregateKey === "2",
    );
    expect(members).toMatchObject([
      { name: "MemberUpdated", initialData: { managerId: 1 }, changes: { managerId: null } },
    ]);
  });
});

describe("a foreign key that the Prisma schema does not have", () => {
  const { Badge } = capture;
  const bus = base.$extends(eventBus({ events, capture: { Badge } }));

  beforeAll(async () => {
    await pool.query(`alter table "Badge" drop constraint if exists hidden`);
    await pool.query(
      `alter table "Badge" add constraint hidden foreign key (code) references "Setting" (key) on delete cascade not valid`,
    );
  });

  it.each<[string, (db: typeof bus) => PromiseLike<unknown>]>([
    ["delete", (db) => db.setting.delete({ where: { key: "x" } })],
    ["deleteMany", (db) => db.setting.deleteMany({ where: { key: "x" } })],
    ["a batch", (db) => db.$transaction([db.setting.delete({ where: { key: "x" } })])],
    ["a transaction", (db) => db.$transaction((tx) => tx.setting.delete({ where: { key: "x" } }))],
  ])("leads to events of the rows that go along: %s", async (_, call) => {
    const fresh = openClient(url).$extends(eventBus({ events, capture: { Badge } }));
    await base.setting.create({ data: { key: "x", value: 1 } });
    await base.badge.create({ data: { code: "x" } });
    await call(fresh as typeof bus);
    expect(await ledger.names()).toEqual(["BadgeDeleted"]);
  });
});
