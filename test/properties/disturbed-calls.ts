import {
  children,
  deep,
  manyToMany,
  oneToOne,
  parents,
  references,
  special,
} from "../extension/nested/cases.js";
import { type Db, p1, p2 } from "../extension/nested/fixture.js";
import type { RandomCall } from "./random-writes.js";

/** Calls without nested writes. */
const whole: readonly RandomCall[] = [
  ["team", "update", { where: { id: 1 }, data: { name: "x" } }],
  ["team", "update", { where: { slug: "one" }, data: { slug: "x" } }],
  ["team", "update", { where: { slug: "none" }, data: { name: "x" } }],
  ["team", "delete", { where: { id: 1 } }],
  ["team", "delete", { where: { slug: "two" } }],
  ["team", "upsert", { where: { slug: "one" }, create: { slug: "one", name: "x" }, update: {} }],
  ["team", "upsert", { where: { slug: "two" }, create: { slug: "two", name: "x" }, update: { name: "y" } }],
  ["team", "upsert", { where: { slug: "two" }, create: { slug: "x", name: "x" }, update: { slug: "y" } }],
  ["member", "delete", { where: { handle: "ann" } }],
  ["project", "delete", { where: { id: p1 } }],
  ["desk", "upsert", { where: { memberId: 1 }, create: {}, update: {} }],
  ["badge", "upsert", { where: { code: "a" }, create: { code: "a" }, update: { code: "b" } }],
  [
    "room",
    "upsert",
    {
      where: { building_number: { building: "north", number: 1 } },
      create: { building: "north", number: 1 },
      update: {},
    },
  ],
  ["member", "updateMany", { where: { handle: "ann" }, data: { name: "x" } }],
  ["member", "updateMany", { where: { teamId: 1 }, data: { teamId: 2 } }],
  ["member", "updateManyAndReturn", { where: { handle: "ann" }, data: { name: "x" } }],
  ["member", "deleteMany", { where: { handle: "ann" } }],
  ["task", "deleteMany", { where: { projectId: p1 } }],
  ["task", "deleteMany", {}],
  ["project", "deleteMany", { where: { id: p2 } }],
  ["team", "deleteMany", { where: { slug: "one" } }],
  ["membership", "deleteMany", { where: { memberId: 1, projectId: p1 } }],
  ["tag", "createMany", { data: [{ label: "red" }, { label: "x" }], skipDuplicates: true }],
].map(([model, operation, args]) => ({ model, operation, args }) as RandomCall);

type Make = (db: Db) => unknown;

/** What once was told wrongly: something done before, a call, and what gets in its way. */
const wrongOnce: readonly (readonly [Make, Make, Make])[] = [
  // Prisma takes `{ AND: [{}, { OR: [] }] }` for every row.
  [
    (db) => db.ticket.deleteMany({ where: { teamSlug: "two" } }),
    (db) => db.team.update({ where: { id: 2 }, data: { name: "x", tickets: { deleteMany: {} } } }),
    (db) => db.ticket.create({ data: { title: "new", teamSlug: "two" } }),
  ],
  [
    (db) => db.ticket.deleteMany(),
    (db) => db.ticket.deleteMany({ where: { teamSlug: "two" } }),
    (db) => db.ticket.create({ data: { title: "new", teamSlug: "two" } }),
  ],
  [
    (db) => db.ticket.deleteMany(),
    (db) => db.ticket.updateMany({ where: { teamSlug: "two" }, data: { title: "x" } }),
    (db) => db.ticket.create({ data: { title: "new", teamSlug: "two" } }),
  ],
  // The upsert finds a row after all, and writes nothing to it.
  [
    (db) => db.desk.deleteMany(),
    (db) => db.desk.upsert({ where: { memberId: 3 }, create: { memberId: 3 }, update: {} }),
    (db) => db.desk.create({ data: { memberId: 3 } }),
  ],
  // Rows that are named and come while the call looks for them.
  [
    (db) => db.project.delete({ where: { id: p1 } }),
    (db) =>
      db.team.update({
        where: { id: 1 },
        data: { projects: { update: { where: { id: p1 }, data: { tasks: { create: { title: "x" } } } } } },
      }),
    (db) => db.project.create({ data: { id: p1, name: "P1", teamId: 1 } }),
  ],
  [
    (db) => db.project.delete({ where: { id: p1 } }),
    (db) => db.team.update({ where: { id: 1 }, data: { projects: { delete: { id: p1 } } } }),
    (db) => db.project.create({ data: { id: p1, name: "P1", teamId: 1 } }),
  ],
  [
    (db) => db.badge.delete({ where: { code: "b" } }),
    (db) => db.member.update({ where: { id: 1 }, data: { badge: { connect: { code: "b" } } } }),
    (db) => db.badge.create({ data: { code: "b" } }),
  ],
  [
    (db) => db.badge.delete({ where: { code: "b" } }),
    (db) =>
      db.member.update({
        where: { id: 1 },
        data: { badge: { connectOrCreate: { where: { code: "b" }, create: { code: "b" } } } },
      }),
    (db) => db.badge.create({ data: { code: "b" } }),
  ],
  [
    (db) => db.member.delete({ where: { id: 4 } }),
    (db) => db.member.update({ where: { id: 1 }, data: { reports: { set: [{ id: 4 }] } } }),
    (db) => db.member.create({ data: { id: 4, handle: "dee" } }),
  ],
  [
    (db) => db.task.deleteMany({ where: { id: 9 } }),
    (db) =>
      db.project.update({
        where: { id: p1 },
        data: {
          tasks: {
            upsert: {
              where: { id: 9 },
              create: { title: "x" },
              update: { notes: { create: { text: "x" } } },
            },
          },
        },
      }),
    (db) => db.task.create({ data: { id: 9, title: "theirs", projectId: p1 } }),
  ],
  // What goes with a row that comes.
  [
    (db) => db.team.delete({ where: { slug: "two" } }),
    (db) => db.team.delete({ where: { slug: "two" } }),
    (db) => db.team.create({ data: { slug: "two", name: "new", tickets: { create: { title: "x" } } } }),
  ],
  // The row comes with others in the relation that the call writes through.
  [
    (db) => db.team.delete({ where: { slug: "two" } }),
    (db) =>
      db.team.update({
        where: { slug: "two" },
        data: { tickets: { updateMany: { where: {}, data: { title: "y" } } } },
      }),
    (db) => db.team.create({ data: { slug: "two", name: "new", tickets: { create: { title: "x" } } } }),
  ],
];

/** A call that is made on a client, as data. */
function recorded(make: (db: Db) => unknown): RandomCall {
  let call: RandomCall | undefined;
  const record = (model: string) =>
    new Proxy(
      {},
      { get: (_, operation: string) => (args: RandomCall["args"]) => (call = { model, operation, args }) },
    );
  make(new Proxy({}, { get: (_, model: string) => record(model) }) as Db);
  if (call === undefined) throw new Error("made no call");
  return call;
}

const all = [children, oneToOne, parents, manyToMany, special, deep, references].flat();

/** Calls of every kind, nested and not. */
export const calls: readonly RandomCall[] = [...all.map(([, call]) => recorded(call)), ...whole];

/** What is done before a call, the call, and what gets in its way. */
export const regressions: readonly (readonly RandomCall[])[] = wrongOnce.map((one) => one.map(recorded));
