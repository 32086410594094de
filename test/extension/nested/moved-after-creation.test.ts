import { describe, expect, it } from "vitest";

import { eventBus } from "../../../src/index.js";
import { openClient } from "../support/clients.js";
import { capture, type Db, events, p1 } from "./fixture.js";
import { seededTeams } from "./teams.js";

// A row that a call creates, and moves away before the call is over: its references do not lead to it any more.
const statements: string[] = [];
const { ledger, prisma, truth, url } = await seededTeams();
const watched = openClient(url, { statements }).$extends(eventBus({ events, capture }));

const one = { where: { id: 1 } };
const two = { where: { id: 2 } };
const x = { handle: "x" };

const calls: readonly (readonly [string, (db: Db) => PromiseLike<unknown>])[] = [
  [
    "connected to another row",
    (db) =>
      db.member.update({
        ...one,
        data: { reports: { create: x, update: { ...two, data: { reports: { connect: x } } } } },
      }),
  ],
  [
    "with rows that were created for it",
    (db) =>
      db.member.update({
        ...one,
        data: {
          reports: {
            create: { ...x, assigned: { create: { title: "x", project: { connect: { id: p1 } } } } },
            update: { ...two, data: { reports: { connect: x } } },
          },
        },
      }),
  ],
  [
    "written by the updateMany of another relation",
    (db) =>
      db.team.update({
        ...one,
        data: {
          members: {
            update: {
              ...one,
              data: { reports: { create: { ...x, team: { connect: { id: 1 } } } } },
            },
            updateMany: { where: x, data: { managerId: 2 } },
          },
        },
      }),
  ],
  [
    "written by the update of another relation",
    (db) =>
      db.team.update({
        ...one,
        data: {
          members: {
            update: [
              { ...one, data: { reports: { create: { ...x, team: { connect: { id: 1 } } } } } },
              { where: x, data: { manager: { connect: { id: 2 } } } },
            ],
          },
        },
      }),
  ],
  [
    "disconnected by another way to its row, where many belong to many",
    (db) =>
      db.member.update({
        ...one,
        data: {
          assigned: { connect: { id: 1 }, update: { ...one, data: { tags: { create: { label: "x" } } } } },
          reviewed: {
            connect: { id: 1 },
            update: { ...one, data: { tags: { disconnect: { label: "x" } } } },
          },
        },
      }),
  ],
  [
    "taken out by a set of the other side, where many belong to many",
    (db) =>
      db.member.update({
        ...one,
        data: {
          friends: { create: x },
          reports: { connect: x, update: { where: x, data: { friendOf: { set: [] } } } },
        },
      }),
  ],
  [
    "left by the row that was to refer to it",
    (db) =>
      db.member.update({
        ...one,
        data: {
          assigned: {
            connect: { id: 1 },
            update: { ...one, data: { priority: { create: { id: 9, name: "x" } } } },
          },
          reviewed: { connect: { id: 1 }, update: { ...one, data: { priority: { connect: { id: 1 } } } } },
        },
      }),
  ],
  [
    "left by the deletion of the row for which it was created",
    (db) =>
      db.team.update({
        ...one,
        data: { members: { update: { ...one, data: { reports: { create: x } } }, delete: { id: 1 } } },
      }),
  ],
  [
    "handed on in a relation of one to one",
    (db) =>
      db.member.update({
        ...one,
        data: {
          badge: { create: { code: "x" } },
          reports: { update: { ...two, data: { badge: { connect: { code: "x" } } } } },
        },
      }),
  ],
  [
    "moved below rows that are created themselves",
    (db) =>
      db.member.create({
        data: {
          handle: "y",
          reports: { create: [x, { handle: "z", reports: { connect: x } }] },
        },
      }),
  ],
];

describe("a row that a call creates and moves away", () => {
  it.each(calls)("is told: %s", async (_, call) => {
    await call(prisma as unknown as Db);
    const seen = await truth.changes();
    expect(seen).not.toEqual([]);
    expect(await truth.told(await ledger.events())).toEqual(seen);
  });
});

describe("rows that a call creates and leaves where they are", () => {
  const kept: typeof calls = [
    [
      "created with the call's own row",
      (db) =>
        db.team.create({
          data: {
            slug: "x",
            name: "x",
            members: { create: [x, { handle: "y", reports: { create: { handle: "z" } } }] },
          },
        }),
    ],
    [
      "one for each of several",
      (db) =>
        db.member.create({
          data: {
            handle: "y",
            reports: {
              create: [
                { ...x, badge: { create: { code: "x" } } },
                { handle: "z", badge: { create: { code: "z" } } },
              ],
            },
          },
        }),
    ],
    [
      "beside others that are connected",
      (db) => db.member.update({ ...one, data: { name: "new", reports: { create: x, connect: two.where } } }),
    ],
    [
      "beside others that are updated",
      (db) =>
        db.member.update({
          ...one,
          data: { reports: { create: x, update: { ...two, data: { name: "new" } } } },
        }),
    ],
    [
      "by connectOrCreate",
      (db) => db.member.update({ ...one, data: { reports: { connectOrCreate: { where: x, create: x } } } }),
    ],
    [
      "by upsert",
      (db) =>
        db.member.update({
          ...one,
          data: { reports: { upsert: { where: { id: 2 }, create: x, update: { name: "new" } } } },
        }),
    ],
  ];

  const wholeTables = async (call: (db: Db) => PromiseLike<unknown>) => {
    statements.length = 0;
    await call(watched as unknown as Db);
    return statements.filter((text) => / where true offset 0/.test(text));
  };

  it.each(kept)("are not looked for in the whole table: %s", async (_, call) => {
    expect(await wholeTables(call)).toEqual([]);
  });

  it("are told from those that are moved by this", async () => {
    expect(await wholeTables(calls[0]?.[1] as never)).toHaveLength(2);
  });
});
