import { type Db, p1, p2, p3 } from "./fixture.js";

/** A call with nested writes, and what it is about. */
export type Case = readonly [name: string, call: (db: Db) => PromiseLike<unknown>];

const one = { id: 1 };
const two = { id: 2 };
const new1 = "0190a000-0000-7000-8000-000000000091";
const new2 = "0190a000-0000-7000-8000-000000000092";

/** Writes of rows that refer to the one that is written. */
export const children: readonly Case[] = [
  [
    "create under create",
    (db) => db.team.create({ data: { slug: "x", name: "X", members: { create: { handle: "x" } } } }),
  ],
  [
    "several under create",
    (db) =>
      db.team.create({
        data: { slug: "x", name: "X", members: { create: [{ handle: "x" }, { handle: "y" }] } },
      }),
  ],
  [
    "createMany under create",
    (db) =>
      db.team.create({
        data: { slug: "x", name: "X", members: { createMany: { data: [{ handle: "x" }, { handle: "y" }] } } },
      }),
  ],
  [
    "connect under create",
    (db) =>
      db.team.create({
        data: { slug: "x", name: "X", members: { connect: [{ id: 3 }, { handle: "dee" }] } },
      }),
  ],
  [
    "connectOrCreate under create",
    (db) =>
      db.team.create({
        data: {
          slug: "x",
          name: "X",
          members: {
            connectOrCreate: [
              { where: one, create: { handle: "no" } },
              { where: { handle: "new" }, create: { handle: "new" } },
            ],
          },
        },
      }),
  ],
  [
    "create",
    (db) => db.team.update({ where: one, data: { name: "x", members: { create: { handle: "x" } } } }),
  ],
  [
    "create, and nothing else",
    (db) => db.team.update({ where: one, data: { members: { create: { handle: "x" } } } }),
  ],
  [
    "createMany with skipDuplicates",
    (db) =>
      db.team.update({
        where: one,
        data: {
          members: { createMany: { data: [{ handle: "ann" }, { handle: "x" }], skipDuplicates: true } },
        },
      }),
  ],
  ["connect", (db) => db.team.update({ where: one, data: { members: { connect: [{ id: 3 }, { id: 4 }] } } })],
  ["connect what is connected", (db) => db.team.update({ where: one, data: { members: { connect: one } } })],
  [
    "connectOrCreate of a row that is there",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { connectOrCreate: { where: { handle: "cy" }, create: { handle: "cy" } } } },
      }),
  ],
  [
    "connectOrCreate of a new row",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { connectOrCreate: { where: { handle: "x" }, create: { handle: "x" } } } },
      }),
  ],
  [
    "disconnect",
    (db) => db.team.update({ where: one, data: { members: { disconnect: [one, { handle: "bob" }] } } }),
  ],
  [
    "disconnect what is not connected",
    (db) => db.team.update({ where: one, data: { members: { disconnect: { id: 3 } } } }),
  ],
  ["set", (db) => db.team.update({ where: one, data: { members: { set: [two, { id: 3 }] } } })],
  [
    "set to a row that is not there",
    (db) => db.team.update({ where: one, data: { members: { set: [two, { id: 99 }] } } }),
  ],
  [
    "set to one that is there twice",
    (db) => db.team.update({ where: one, data: { members: { set: [{ handle: "cy" }, { id: 3 }] } } }),
  ],
  [
    "updateMany and deleteMany with several filters",
    (db) =>
      db.team.update({
        where: one,
        data: {
          projects: {
            updateMany: [
              { where: { name: "P1" }, data: { name: "x" } },
              { where: {}, data: { name: "y" } },
            ],
            deleteMany: [{ name: "P1" }, { name: "y", id: p2 }],
          },
        },
      }),
  ],
  ["set to nothing", (db) => db.team.update({ where: one, data: { members: { set: [] } } })],
  [
    "update",
    (db) =>
      db.team.update({ where: one, data: { members: { update: { where: one, data: { name: "x" } } } } }),
  ],
  [
    "update of several",
    (db) =>
      db.team.update({
        where: one,
        data: {
          members: {
            update: [
              { where: one, data: { name: "x" } },
              { where: { handle: "bob" }, data: { name: "y" } },
            ],
          },
        },
      }),
  ],
  [
    "update of the key that it is found by",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { update: { where: { handle: "ann" }, data: { handle: "new" } } } },
      }),
  ],
  [
    "update of a primary key",
    (db) =>
      db.project.update({ where: { id: p1 }, data: { tasks: { update: { where: one, data: { id: 11 } } } } }),
  ],
  [
    "update of a primary key by increment",
    (db) =>
      db.project.update({
        where: { id: p1 },
        data: { tasks: { update: { where: one, data: { id: { increment: 100 }, title: "x" } } } },
      }),
  ],
  [
    "update that moves a row elsewhere",
    (db) =>
      db.member.update({
        where: one,
        data: { assigned: { update: { where: one, data: { project: { connect: { id: p2 } } } } } },
      }),
  ],
  [
    "update to the same values",
    (db) =>
      db.team.update({ where: one, data: { members: { update: { where: one, data: { handle: "ann" } } } } }),
  ],
  [
    "update of a row that is not related",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { update: { where: { id: 3 }, data: { name: "x" } } } },
      }),
  ],
  [
    "updateMany",
    (db) =>
      db.team.update({ where: one, data: { members: { updateMany: { where: {}, data: { name: "x" } } } } }),
  ],
  [
    "updateMany with a filter",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { updateMany: { where: { handle: { startsWith: "a" } }, data: { name: "x" } } } },
      }),
  ],
  [
    "updateMany of keys",
    (db) =>
      db.project.update({
        where: { id: p1 },
        data: { tasks: { updateMany: { where: {}, data: { id: { increment: 50 } } } } },
      }),
  ],
  [
    "upsert of a row that is there",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { upsert: { where: one, create: { handle: "no" }, update: { name: "x" } } } },
      }),
  ],
  [
    "upsert of a new row",
    (db) =>
      db.team.update({
        where: one,
        data: { members: { upsert: { where: { handle: "x" }, create: { handle: "x" }, update: {} } } },
      }),
  ],
  ["delete", (db) => db.task.update({ where: one, data: { notes: { delete: one } } })],
  ["deleteMany", (db) => db.task.update({ where: one, data: { notes: { deleteMany: {} } } })],
  [
    "deleteMany with filters",
    (db) => db.task.update({ where: one, data: { notes: { deleteMany: [{ text: "n1" }, { text: "no" }] } } }),
  ],
  [
    "everything at once",
    (db) =>
      db.task.update({
        where: one,
        data: {
          title: "x",
          notes: {
            create: { text: "new" },
            delete: one,
            update: { where: two, data: { text: "x" } },
            connect: { id: 3 },
          },
        },
      }),
  ],
  [
    "create, then updateMany",
    (db) =>
      db.task.update({
        where: one,
        data: { notes: { create: { text: "new" }, updateMany: { where: {}, data: { text: "x" } } } },
      }),
  ],
  [
    "connect, then update",
    (db) =>
      db.task.update({
        where: one,
        data: { notes: { connect: { id: 3 }, update: { where: { id: 3 }, data: { text: "x" } } } },
      }),
  ],
];

/** Where each row has at most one of the other. */
export const oneToOne: readonly Case[] = [
  [
    "create under create",
    (db) => db.member.create({ data: { handle: "x", badge: { create: { code: "x" } } } }),
  ],
  [
    "connect under create, of a row that is taken",
    (db) => db.member.create({ data: { handle: "x", badge: { connect: { code: "a" } } } }),
  ],
  [
    "create in the place of another",
    (db) => db.member.update({ where: one, data: { badge: { create: { code: "x" } } } }),
  ],
  [
    "connect in the place of another",
    (db) => db.member.update({ where: one, data: { badge: { connect: { code: "b" } } } }),
  ],
  [
    "connect what is free",
    (db) => db.member.update({ where: { id: 4 }, data: { badge: { connect: { code: "c" } } } }),
  ],
  [
    "connectOrCreate",
    (db) =>
      db.member.update({
        where: one,
        data: { badge: { connectOrCreate: { where: { code: "x" }, create: { code: "x" } } } },
      }),
  ],
  ["disconnect", (db) => db.member.update({ where: one, data: { badge: { disconnect: true } } })],
  ["update", (db) => db.member.update({ where: one, data: { badge: { update: { code: "x" } } } })],
  [
    "update with where",
    (db) =>
      db.member.update({
        where: one,
        data: { badge: { update: { where: { code: "a" }, data: { code: "x" } } } },
      }),
  ],
  [
    "update of what is not there",
    (db) => db.member.update({ where: { id: 4 }, data: { badge: { update: { code: "x" } } } }),
  ],
  [
    "upsert of what is there",
    (db) =>
      db.member.update({
        where: one,
        data: { badge: { upsert: { create: { code: "no" }, update: { code: "x" } } } },
      }),
  ],
  [
    "upsert of what is not there",
    (db) =>
      db.member.update({
        where: { id: 4 },
        data: { badge: { upsert: { create: { code: "x" }, update: { code: "no" } } } },
      }),
  ],
  ["delete", (db) => db.member.update({ where: one, data: { badge: { delete: true } } })],
  [
    "connect from the other side, of a row that is taken",
    (db) => db.badge.update({ where: { code: "c" }, data: { member: { connect: one } } }),
  ],
  [
    "connectOrCreate from the other side",
    (db) =>
      db.badge.update({
        where: { code: "c" },
        data: { member: { connectOrCreate: { where: { handle: "bob" }, create: { handle: "no" } } } },
      }),
  ],
  [
    "create from the other side",
    (db) => db.badge.update({ where: { code: "a" }, data: { member: { create: { handle: "x" } } } }),
  ],
  [
    "disconnect from the other side",
    (db) => db.badge.update({ where: { code: "a" }, data: { member: { disconnect: true } } }),
  ],
];

/** Writes of the row that the written one refers to. */
export const parents: readonly Case[] = [
  [
    "create under create",
    (db) => db.member.create({ data: { handle: "x", team: { create: { slug: "x", name: "X" } } } }),
  ],
  [
    "connect under create",
    (db) => db.member.create({ data: { handle: "x", team: { connect: { slug: "one" } } } }),
  ],
  [
    "connectOrCreate under create",
    (db) =>
      db.member.create({
        data: {
          handle: "x",
          team: { connectOrCreate: { where: { slug: "x" }, create: { slug: "x", name: "X" } } },
        },
      }),
  ],
  ["create", (db) => db.member.update({ where: one, data: { team: { create: { slug: "x", name: "X" } } } })],
  ["connect", (db) => db.member.update({ where: one, data: { team: { connect: two } } })],
  ["disconnect", (db) => db.member.update({ where: one, data: { team: { disconnect: true } } })],
  ["update", (db) => db.member.update({ where: one, data: { name: "x", team: { update: { name: "x" } } } })],
  [
    "update with data",
    (db) => db.member.update({ where: one, data: { team: { update: { data: { name: "x" } } } } }),
  ],
  [
    "update with where",
    (db) =>
      db.member.update({
        where: one,
        data: { team: { update: { where: { slug: "no" }, data: { name: "x" } } } },
      }),
  ],
  [
    "upsert of what is there",
    (db) =>
      db.member.update({
        where: one,
        data: { team: { upsert: { create: { slug: "no", name: "" }, update: { name: "x" } } } },
      }),
  ],
  [
    "upsert of what is not there",
    (db) =>
      db.member.update({
        where: { id: 4 },
        data: { team: { upsert: { create: { slug: "x", name: "" }, update: { name: "no" } } } },
      }),
  ],
];

/** Many-to-many, without and with a model between. */
export const manyToMany: readonly Case[] = [
  [
    "create under create",
    (db) =>
      db.tag.create({
        data: { label: "x", tasks: { create: { title: "x", project: { connect: { id: p1 } } } } },
      }),
  ],
  ["create", (db) => db.task.update({ where: one, data: { tags: { create: { label: "x" } } } })],
  ["connect", (db) => db.task.update({ where: one, data: { tags: { connect: [{ id: 3 }, two] } } })],
  [
    "connectOrCreate",
    (db) =>
      db.task.update({
        where: one,
        data: {
          tags: {
            connectOrCreate: [
              { where: { label: "x" }, create: { label: "x" } },
              { where: { label: "blue" }, create: { label: "no" } },
            ],
          },
        },
      }),
  ],
  ["disconnect", (db) => db.task.update({ where: one, data: { tags: { disconnect: [one, { id: 3 }] } } })],
  ["set", (db) => db.task.update({ where: one, data: { tags: { set: [two, { id: 3 }] } } })],
  [
    "update",
    (db) => db.task.update({ where: one, data: { tags: { update: { where: one, data: { label: "x" } } } } }),
  ],
  [
    "updateMany",
    (db) =>
      db.task.update({
        where: one,
        data: { tags: { updateMany: { where: { label: "red" }, data: { label: "x" } } } },
      }),
  ],
  [
    "upsert",
    (db) =>
      db.task.update({
        where: one,
        data: {
          tags: {
            upsert: [
              { where: one, create: { label: "no" }, update: { label: "x" } },
              { where: { label: "y" }, create: { label: "y" }, update: {} },
            ],
          },
        },
      }),
  ],
  ["delete", (db) => db.task.update({ where: one, data: { tags: { delete: one } } })],
  ["deleteMany", (db) => db.task.update({ where: one, data: { tags: { deleteMany: {} } } })],
  [
    "of a model with itself: connect",
    (db) =>
      db.member.update({
        where: one,
        data: { friends: { connect: { id: 4 } }, friendOf: { connect: { id: 4 } } },
      }),
  ],
  [
    "of a model with itself: set",
    (db) => db.member.update({ where: one, data: { friends: { set: [{ id: 4 }] } } }),
  ],
  [
    "of a model with itself: update",
    (db) =>
      db.member.update({ where: one, data: { friends: { update: { where: two, data: { name: "x" } } } } }),
  ],
  [
    "of a model with itself: create",
    (db) => db.member.update({ where: one, data: { friendOf: { create: { handle: "x" } } } }),
  ],
  [
    "with a model between: create",
    (db) =>
      db.member.update({
        where: { id: 3 },
        data: { roles: { create: { role: "x", project: { connect: { id: p1 } } } } },
      }),
  ],
  [
    "with a model between: create of both",
    (db) =>
      db.member.update({
        where: one,
        data: {
          roles: { create: { role: "x", project: { create: { id: new1, name: "x", teamId: 1 } } } },
        } as never,
      }),
  ],
  [
    "with a model between: connect, which changes the key",
    (db) =>
      db.member.update({
        where: { id: 3 },
        data: { roles: { connect: { memberId_projectId: { memberId: 1, projectId: p1 } } } },
      }),
  ],
  [
    "with a model between: connect to a new row",
    (db) =>
      db.project.create({
        data: {
          id: new2,
          name: "x",
          team: { connect: one },
          roles: { connect: { memberId_projectId: { memberId: 1, projectId: p1 } } },
        },
      }),
  ],
  [
    "with a model between: update",
    (db) =>
      db.member.update({
        where: one,
        data: {
          roles: {
            update: { where: { memberId_projectId: { memberId: 1, projectId: p1 } }, data: { role: "x" } },
          },
        },
      }),
  ],
  [
    "with a model between: update of its key",
    (db) =>
      db.member.update({
        where: one,
        data: {
          roles: {
            update: {
              where: { memberId_projectId: { memberId: 1, projectId: p1 } },
              data: { project: { connect: { id: p3 } } },
            },
          },
        },
      }),
  ],
  [
    "with a model between: deleteMany",
    (db) => db.member.update({ where: one, data: { roles: { deleteMany: {} } } }),
  ],
];

/** Relations of a model with itself, several between two models, compound and other unique keys. */
export const special: readonly Case[] = [
  [
    "create of a parent of a row that goes along with another",
    (db) =>
      db.desk.update({
        where: { memberId: 1 },
        data: { member: { delete: true }, room: { create: { building: "north", number: 3 } } },
      }),
  ],
  [
    "rows that are connected, and then named by the key that they get so",
    (db) =>
      db.member.update({
        where: { id: 3 },
        data: {
          roles: {
            connect: { memberId_projectId: { memberId: 1, projectId: p1 } },
            update: {
              where: { memberId_projectId: { memberId: 3, projectId: p1 } },
              data: { role: "x" },
            },
          },
        },
      }),
  ],
  [
    "create below a row beside others that go",
    (db) =>
      db.project.update({
        where: { id: p1 },
        data: {
          tasks: {
            deleteMany: { id: 1 },
            update: { where: { id: 2 }, data: { notes: { create: { text: "x" } } } },
          },
        },
      }),
  ],
  [
    "update of a row whose key follows that of another",
    (db) =>
      db.membership.update({
        where: { memberId_projectId: { memberId: 1, projectId: p1 } },
        data: { role: "x", project: { update: { id: new1, name: "x" } } },
      }),
  ],
  [
    "upsert of a row whose key follows that of another",
    (db) =>
      db.membership.upsert({
        where: { memberId_projectId: { memberId: 1, projectId: p1 } },
        create: { memberId: 1, projectId: p1 },
        update: { project: { update: { id: new1, name: "x" } } },
      }),
  ],
  [
    "reports: create",
    (db) => db.member.update({ where: one, data: { reports: { create: { handle: "x" } } } }),
  ],
  ["reports: set", (db) => db.member.update({ where: one, data: { reports: { set: [{ id: 4 }] } } })],
  [
    "reports: updateMany",
    (db) =>
      db.member.update({
        where: one,
        data: { name: "boss", reports: { updateMany: { where: {}, data: { name: "x" } } } },
      }),
  ],
  [
    "manager: update",
    (db) => db.member.update({ where: two, data: { name: "y", manager: { update: { name: "x" } } } }),
  ],
  [
    "manager: back to the same row",
    (db) =>
      db.member.update({
        where: two,
        data: { manager: { update: { friends: { update: { where: two, data: { name: "x" } } } } } },
      }),
  ],
  [
    "two relations to one model",
    (db) =>
      db.member.update({
        where: one,
        data: {
          assigned: { updateMany: { where: {}, data: { title: "x" } } },
          reviewed: { create: { title: "new", project: { connect: { id: p1 } } } },
        },
      }),
  ],
  [
    "one row by two relations",
    (db) =>
      db.task.update({
        where: one,
        data: { assignee: { update: { name: "a" } }, reviewer: { update: { name: "r" } } },
      }),
  ],
  [
    "a unique key: create",
    (db) => db.team.update({ where: one, data: { tickets: { create: { title: "x" } } } }),
  ],
  [
    "a unique key: connect",
    (db) => db.team.update({ where: one, data: { tickets: { connect: { id: 3 } } } }),
  ],
  [
    "a unique key: from the other side",
    (db) => db.ticket.update({ where: one, data: { team: { connect: two } } }),
  ],
  [
    "a compound key: create",
    (db) =>
      db.room.update({
        where: { building_number: { building: "north", number: 1 } },
        data: { desks: { create: {} } },
      }),
  ],
  [
    "a compound key: connect",
    (db) =>
      db.room.update({
        where: { building_number: { building: "north", number: 1 } },
        data: { desks: { connect: [two, { id: 3 }] } },
      }),
  ],
  [
    "a compound key: set",
    (db) =>
      db.room.update({
        where: { building_number: { building: "north", number: 1 } },
        data: { desks: { set: [{ id: 3 }] } },
      }),
  ],
  [
    "a compound key: disconnect from the other side",
    (db) => db.desk.update({ where: one, data: { room: { disconnect: true } } }),
  ],
  [
    "a compound key: upsert from the other side",
    (db) =>
      db.desk.update({
        where: { id: 3 },
        data: { room: { upsert: { create: { building: "south", number: 9 }, update: {} } } },
      }),
  ],
];

/** Several levels. */
export const deep: readonly Case[] = [
  [
    "create of four levels",
    (db) =>
      db.team.create({
        data: {
          slug: "x",
          name: "X",
          projects: {
            create: {
              id: new1,
              name: "x",
              tasks: {
                create: [
                  {
                    title: "a",
                    notes: { create: [{ text: "1" }, { text: "2" }] },
                    tags: { create: { label: "x" }, connect: one },
                  },
                  { title: "b", assignee: { create: { handle: "x" } } },
                ],
              },
            },
          },
        },
      }),
  ],
  [
    "create upwards",
    (db) =>
      db.note.create({
        data: {
          text: "x",
          task: {
            create: {
              title: "x",
              project: { create: { id: new1, name: "x", team: { create: { slug: "x", name: "X" } } } },
            },
          },
        },
      }),
  ],
  [
    "update of three levels",
    (db) =>
      db.team.update({
        where: one,
        data: {
          projects: {
            update: {
              where: { id: p1 },
              data: {
                tasks: {
                  update: { where: one, data: { notes: { updateMany: { where: {}, data: { text: "x" } } } } },
                },
              },
            },
          },
        },
      }),
  ],
  [
    "delete at the third level",
    (db) =>
      db.team.update({
        where: one,
        data: {
          projects: {
            update: {
              where: { id: p1 },
              data: {
                tasks: { update: { where: one, data: { notes: { deleteMany: {} }, tags: { set: [] } } } },
              },
            },
          },
        },
      }),
  ],
  [
    "upwards and down again",
    (db) =>
      db.note.update({
        where: one,
        data: {
          text: "x",
          task: {
            update: {
              title: "x",
              assignee: {
                update: {
                  reviewed: {
                    create: { title: "new", projectId: p1 },
                    updateMany: { where: {}, data: { title: "y" } },
                  },
                },
              },
            },
          },
        },
      }),
  ],
  [
    "upsert with nested writes, of what is there",
    (db) =>
      db.team.update({
        where: one,
        data: {
          members: {
            upsert: {
              where: one,
              create: { handle: "no", badge: { create: { code: "no" } } },
              update: { badge: { update: { code: "x" } } },
            },
          },
        },
      }),
  ],
  [
    "upsert with nested writes, of a new row",
    (db) =>
      db.team.update({
        where: one,
        data: {
          members: {
            upsert: {
              where: { handle: "x" },
              create: { handle: "x", badge: { create: { code: "x" } } },
              update: { badge: { delete: true } },
            },
          },
        },
      }),
  ],
  [
    "upsert that creates",
    (db) =>
      db.team.upsert({
        where: { slug: "x" },
        create: { slug: "x", name: "X", members: { create: { handle: "x" }, connect: one } },
        update: { members: { set: [] } },
      }),
  ],
  [
    "upsert that updates",
    (db) =>
      db.team.upsert({
        where: { slug: "one" },
        create: { slug: "x", name: "X", members: { create: { handle: "x" } } },
        update: { name: "x", members: { set: [] }, tickets: { deleteMany: { title: "k1" } } },
      }),
  ],
  ...(
    [
      ["are met", { name: "One", members: { some: { handle: "ann" } } }],
      ["are not met", { name: "no" }],
      ["are not met, another key", { id: 2 }],
    ] as const
  ).map(
    ([how, conditions]): Case => [
      `upsert with further conditions that ${how}`,
      (db) =>
        db.team.upsert({
          where: { slug: "one", ...conditions },
          create: { slug: "x", name: "X", members: { create: { handle: "x" }, connect: one } },
          update: { name: "x", members: { set: [] }, tickets: { deleteMany: { title: "k1" } } },
        }),
    ],
  ),
  [
    "connect, and more below",
    (db) =>
      db.project.update({
        where: { id: p1 },
        data: {
          tasks: {
            connectOrCreate: { where: { id: 4 }, create: { title: "no", notes: { create: { text: "no" } } } },
          },
        },
      }),
  ],
];

/** What Prisma refuses. */
export const refused: readonly Case[] = [
  [
    "many to many: set of a row that is not there",
    (db) => db.task.update({ where: one, data: { tags: { set: [{ id: 99 }] } } }),
  ],
  [
    "many to many: set of rows of which one is not there",
    (db) => db.task.update({ where: one, data: { tags: { set: [two, { label: "none" }] } } }),
  ],
  [
    "many to many: set of a row that is not there, from the other side",
    (db) => db.tag.update({ where: one, data: { tasks: { set: [{ id: 99 }, one] } } }),
  ],
  [
    "many to many: set of a row that is not there, below another row",
    (db) =>
      db.project.update({
        where: { id: p1 },
        data: { tasks: { update: { where: one, data: { tags: { set: [{ id: 99 }] } } } } },
      }),
  ],
  [
    "a row that is not there",
    (db) => db.team.update({ where: { id: 99 }, data: { members: { create: { handle: "x" } } } }),
  ],
  [
    "a nested row that is not there",
    (db) =>
      db.team.update({
        where: one,
        data: { name: "x", members: { update: { where: { id: 99 }, data: { name: "x" } } } },
      }),
  ],
  [
    "a connected row that is not there",
    (db) => db.team.update({ where: one, data: { name: "x", members: { connect: { id: 99 } } } }),
  ],
  [
    "a deleted row that is not there",
    (db) => db.task.update({ where: one, data: { notes: { delete: { id: 99 } } } }),
  ],
  [
    "a required relation set to nothing",
    (db) => db.team.update({ where: one, data: { projects: { set: [] } } }),
  ],
  [
    "a required relation disconnected",
    (db) => db.team.update({ where: one, data: { projects: { disconnect: { id: p1 } } } }),
  ],
  [
    "a duplicate",
    (db) => db.team.update({ where: one, data: { name: "x", members: { create: { handle: "ann" } } } }),
  ],
  [
    "an unknown field",
    (db) => db.team.update({ where: one, data: { members: { create: { handle: "x", no: 1 } } } } as never),
  ],
  [
    "an unknown operation",
    (db) => db.team.update({ where: one, data: { members: { no: { handle: "x" } } } } as never),
  ],
];

/** What PostgreSQL goes on with by itself. */
export const references: readonly Case[] = [
  [
    "delete that takes its own row along",
    (db) => db.desk.update({ where: one, data: { member: { delete: true } } }),
  ],
  ["delete: cascade of four levels", (db) => db.team.delete({ where: one })],
  ["delete: set null, in several relations", (db) => db.member.delete({ where: one })],
  [
    "delete: set null of a compound key",
    (db) => db.room.delete({ where: { building_number: { building: "north", number: 1 } } }),
  ],
  ["delete: set default", (db) => db.priority.delete({ where: one })],
  ["delete of a leaf", (db) => db.note.delete({ where: one })],
  ["delete with include", (db) => db.project.delete({ where: { id: p1 }, include: { tasks: true } })],
  ["delete of a row that is not there", (db) => db.team.delete({ where: { id: 99 } })],
  [
    "delete in a relation",
    (db) => db.team.update({ where: one, data: { projects: { delete: { id: p1 } } } }),
  ],
  [
    "deleteMany in a relation",
    (db) => db.team.update({ where: one, data: { projects: { deleteMany: {} } } }),
  ],
  [
    "delete of the row that is referred to",
    (db) => db.badge.update({ where: { code: "a" }, data: { member: { delete: true } } }),
  ],
  ["update: a primary key", (db) => db.team.update({ where: one, data: { id: 11 } })],
  [
    "update: a primary key by increment",
    (db) => db.member.update({ where: one, data: { id: { increment: 10 } } }),
  ],
  [
    "update: a primary key that others have in theirs",
    (db) => db.project.update({ where: { id: p1 }, data: { id: new1, name: "x" } }),
  ],
  [
    "update: a primary key of a row that refers to itself",
    async (db) => {
      await db.member.update({ where: one, data: { managerId: 1 } });
      return db.member.update({ where: one, data: { id: 101 } });
    },
  ],
  [
    "delete: a row that refers to itself",
    async (db) => {
      await db.member.update({ where: one, data: { managerId: 1 } });
      return db.member.delete({ where: one, include: { reports: { orderBy: { id: "asc" } } } });
    },
  ],
  [
    "updateMany: primary keys of rows that refer to each other",
    (db) => db.member.updateMany({ data: { id: { increment: 1000 } } }),
  ],
  ["update: another unique key", (db) => db.team.update({ where: one, data: { slug: "uno" } })],
  [
    "update: a compound key",
    (db) =>
      db.room.update({
        where: { building_number: { building: "north", number: 1 } },
        data: { building: "west" },
      }),
  ],
  ["update: a key to the same value", (db) => db.team.update({ where: one, data: { id: 1, slug: "one" } })],
  [
    "update: a key of a chain",
    (db) => db.member.update({ where: two, data: { id: 22, reports: { connect: { id: 4 } } } }),
  ],
  [
    "update: a key in a relation",
    (db) => db.member.update({ where: one, data: { team: { update: { slug: "uno" } } } }),
  ],
  [
    "upsert: a key",
    (db) =>
      db.team.upsert({ where: { slug: "one" }, create: { slug: "no", name: "" }, update: { slug: "uno" } }),
  ],
];
