import { describe, expect, it } from "vitest";

import { eventBus } from "../../../src/index.js";
import { children, deep, manyToMany, oneToOne, references } from "./cases.js";
import { capture, type Db, events, p1, p2 } from "./fixture.js";
import { seededTeams } from "./teams.js";

const { ledger, base, prisma, truth } = await seededTeams();

const one = { id: 1 };

/** What the event of the call's own row says. */
async function mirrored(model: string, call: () => PromiseLike<unknown>) {
  await call();
  const own = (await ledger.events({ aggregateType: model })).at(-1);
  return { changes: own?.changes, initialData: own?.initialData };
}

describe("the event of a row mirrors what the call did through its relations:", () => {
  it("new rows in a new row", async () => {
    const said = await mirrored("Team", () =>
      prisma.team.create({
        data: {
          slug: "x",
          name: "X",
          members: { create: { handle: "x", badge: { create: { code: "x" } } }, connect: { id: 4 } },
        },
      }),
    );
    expect(said.changes).toMatchObject({
      slug: "x",
      members: [
        { id: 4, teamId: 3 },
        { id: 5, handle: "x", teamId: 3, badge: { id: 4n, code: "x", memberId: 5 } },
      ],
    });
    expect(said.initialData).toMatchObject({ slug: null, members: [] });
  });

  it("created, changed and deleted rows in a list, paired by primary key", async () => {
    const said = await mirrored("Task", () =>
      prisma.task.update({
        where: one,
        data: {
          notes: { create: { text: "new" }, update: { where: { id: 2 }, data: { text: "x" } }, delete: one },
        },
      }),
    );
    expect(said).toEqual({
      changes: { notes: [null, { id: 2, text: "x" }, { id: 5, text: "new", taskId: 1 }] },
      initialData: { notes: [{ id: 1, text: "n1", taskId: 1 }, { id: 2, text: "n2" }, {}] },
    });
  });

  it("rows that are connected and disconnected, by their foreign keys", async () => {
    const said = await mirrored("Team", () =>
      prisma.team.update({ where: one, data: { members: { set: [{ id: 2 }, { id: 3 }] } } }),
    );
    expect(said).toEqual({
      changes: {
        members: [
          { id: 1, teamId: null },
          { id: 3, teamId: 1 },
        ],
      },
      initialData: {
        members: [
          { id: 1, teamId: 1 },
          { id: 3, teamId: 2 },
        ],
      },
    });
  });

  it("many-to-many: connected, disconnected, deleted and created rows", async () => {
    const said = await mirrored("Task", () =>
      prisma.task.update({
        where: one,
        data: { tags: { disconnect: one, connect: { id: 3 }, delete: { id: 2 }, create: { label: "x" } } },
      }),
    );
    expect(said).toEqual({
      changes: { tags: [null, null, { id: 3 }, { id: 4, label: "x" }] },
      initialData: { tags: [{ id: 1 }, { id: 2, label: "green" }, {}, {}] },
    });
  });

  it("many-to-many of a model with itself", async () => {
    const said = await mirrored("Member", () =>
      prisma.member.update({ where: one, data: { friends: { set: [{ id: 3 }, { id: 4 }] } } }),
    );
    expect(said).toEqual({
      changes: { friends: [null, { id: 4 }] },
      initialData: { friends: [{ id: 2 }, {}] },
    });
  });

  it("one row in the place of another", async () => {
    const said = await mirrored("Member", () =>
      prisma.member.update({ where: one, data: { badge: { create: { code: "x" } } } }),
    );
    expect(said).toEqual({
      changes: { badge: { id: 4n, code: "x", memberId: 1 } },
      initialData: { badge: { id: 1n, memberId: 1 } },
    });
  });

  it("a row that is deleted from a relation to one", async () => {
    const said = await mirrored("Member", () =>
      prisma.member.update({ where: one, data: { badge: { delete: true } } }),
    );
    expect(said).toEqual({
      changes: { badge: null },
      initialData: { badge: { id: 1n, code: "a", memberId: 1 } },
    });
  });

  it("the row that this one refers to", async () => {
    const said = await mirrored("Member", () =>
      prisma.member.update({ where: one, data: { team: { update: { name: "x" } } } }),
    );
    expect(said.changes).toMatchObject({ team: { id: 1, name: "x" } });
    expect(said.initialData).toMatchObject({ team: { id: 1, name: "One" } });
  });

  it("not the row that it is connected to, of which nothing changed", async () => {
    const said = await mirrored("Member", () =>
      prisma.member.update({ where: one, data: { team: { connect: { id: 2 } } } }),
    );
    expect(said).toEqual({ changes: { teamId: 2 }, initialData: { teamId: 1 } });
  });

  it("rows whose keys changed", async () => {
    const said = await mirrored("Project", () =>
      prisma.project.update({
        where: { id: p1 },
        data: { tasks: { update: { where: one, data: { id: 11, title: "x" } } } },
      }),
    );
    expect(said).toEqual({
      changes: { tasks: [{ id: 11, title: "x" }] },
      initialData: { tasks: [{ id: 1, title: "t1" }] },
    });
  });

  it("all levels, also in the events of the rows between", async () => {
    await prisma.team.update({
      where: one,
      data: {
        projects: {
          update: {
            where: { id: p1 },
            data: { tasks: { update: { where: one, data: { tags: { set: [] } } } } },
          },
        },
      },
    });
    const tags = [null, null];
    const was = [{ id: 1 }, { id: 2 }];
    const stored = await ledger.events();
    expect(stored.map(({ name }) => name)).toEqual(["TeamUpdated", "ProjectUpdated", "TaskUpdated"]);
    expect(stored.map(({ changes }) => changes)).toEqual([
      { projects: [{ id: p1, tasks: [{ id: 1, tags }] }] },
      { tasks: [{ id: 1, tags }] },
      { tags },
    ]);
    expect(stored[2]?.initialData).toEqual({ tags: was });
  });
});

describe("the events of one call", () => {
  it("come referred rows first, deleted rows last and the other way round", async () => {
    await prisma.note.create({
      data: {
        text: "x",
        task: {
          create: { title: "x", project: { create: { id: p2.replace(/2$/, "9"), name: "x", teamId: 1 } } },
        },
      } as never,
    });
    await prisma.project.delete({ where: { id: p2 } });
    expect(await ledger.names()).toEqual([
      "ProjectCreated",
      "TaskCreated",
      "NoteCreated",
      "MembershipDeleted",
      "NoteDeleted",
      "TaskDeleted",
      "ProjectDeleted",
    ]);
  });

  it("share a mutation and a correlation, and the call's metadata", async () => {
    const call = { members: { create: [{ handle: "x" }, { handle: "y" }] } };
    await prisma.team.update({ where: one, data: call, eventMetadata: { actor: "me" } });
    await prisma.team.update({ where: one, data: { members: { create: { handle: "z" } } } });
    const [a, b, c, ...others] = (await ledger.events()).map(({ metadata }) => metadata);
    expect(a?.actor).toBe("me");
    expect(a?.mutationId).toEqual(expect.any(String));
    expect([b, c]).toEqual([a, a]);
    expect(others.map((metadata) => metadata.mutationId)).not.toContain(a?.mutationId);
  });

  it("of which the call names one are its own row's alone", async () => {
    await prisma.team.upsert({
      where: one,
      create: { slug: "no", name: "" },
      update: { name: "x", members: { create: { handle: "x" } } },
      silentOnUpdate: true,
    });
    expect(await ledger.names()).toEqual(["MemberCreated"]);
  });

  it("are none in $withoutEvents", async () => {
    await prisma.$withoutEvents(() => prisma.team.delete({ where: one }));
    expect(await ledger.names()).toEqual([]);
  });
});

// Whatever is captured, events are the changes of those models, and of no others.
const some: readonly (readonly (keyof typeof capture)[])[] = [
  ["Note", "Badge", "Tag"],
  ["Task"],
  ["Member", "Membership"],
  ["Team", "Ticket", "Desk"],
];

describe.each(some.map((names) => [names.join(", "), names] as const))(
  "with rules for %s only",
  (_, names) => {
    const rules = Object.fromEntries(names.map((name) => [name, capture[name]])) as Partial<typeof capture>;
    const partly = base.$extends(eventBus({ events, capture: rules }));
    const cases = [...children, ...oneToOne, ...manyToMany, ...deep, ...references];
    it.each(cases)("%s", async (_name, call) => {
      await call(partly as unknown as Db).then(
        () => undefined,
        () => undefined,
      );
      const seen = (await truth.changes()).filter(({ model }) => names.some((name) => name === model));
      expect(await truth.told(await ledger.events())).toEqual(seen);
    });
  },
);
