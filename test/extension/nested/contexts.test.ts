import { skip as prismaSkip } from "@prisma/client/runtime/client";
import { describe, expect, it } from "vitest";

import type { Prisma } from "../../../prisma/generated/client/client.js";
import { eventBus } from "../../../src/index.js";
import { openClient } from "../support/clients.js";
import { outcomeOf } from "../support/outcome.js";
import { children, deep } from "./cases.js";
import { capture, type Db, events, p1, type TeamsClient } from "./fixture.js";
import { seededTeams } from "./teams.js";

const { url, ledger, base, prisma, truth } = await seededTeams();

const one = { id: 1 };
// The types have it with the preview feature only; so do they undefined.
const skip = prismaSkip as never;
const nothing = undefined as never;

/** Nested writes that build on each other. */
const calls = (db: Db) => [
  db.team.update({ where: one, data: { members: { create: { handle: "x" }, connect: { id: 3 } } } }),
  db.team.update({ where: one, data: { members: { updateMany: { where: {}, data: { name: "all" } } } } }),
  db.project.update({
    where: { id: p1 },
    data: { tasks: { create: { title: "new", tags: { create: { label: "new" } } }, deleteMany: { id: 2 } } },
  }),
  db.team.upsert({
    where: { slug: "late" },
    create: { slug: "late", name: "Late", members: { connect: { handle: "x" } } },
    update: {},
  }),
];

const told = async () => expect(await truth.told(await ledger.events())).toEqual(await truth.changes());

describe("nested writes in $transaction([…])", () => {
  it("see what the calls before them did, and are told with it", async () => {
    await prisma.$transaction(calls(prisma) as Prisma.PrismaPromise<unknown>[]);
    await told();
    expect(await ledger.transactions()).toBe(1);
    expect(await base.member.findUnique({ where: { handle: "x" } })).toMatchObject({
      name: "all",
      teamId: 3,
    });
  });

  it("leave nothing when one of them fails", async () => {
    const before = await ledger.contents();
    const failing = prisma.team.update({ where: one, data: { members: { connect: { id: 99 } } } });
    await expect(
      prisma.$transaction([...calls(prisma), failing] as Prisma.PrismaPromise<unknown>[]),
    ).rejects.toMatchObject({ code: "P2018" });
    expect(await ledger.contents()).toEqual(before);
    expect(await ledger.names()).toEqual([]);
  });
});

describe("nested writes in a nested $transaction", () => {
  type Tx = Parameters<Parameters<TeamsClient["$transaction"]>[0]>[0];
  const inOrder = async (db: Db, from: number, to: number) => {
    for (let at = from; at < to; at++) await calls(db)[at];
  };

  it("are told with those around them", async () => {
    await prisma.$transaction(async (tx: Tx) => {
      await inOrder(tx, 0, 2);
      await tx.$transaction((inner) => inOrder(inner as Tx, 2, 3));
      await inOrder(tx, 3, 4);
    });
    await told();
  });

  it("leave nothing when it is rolled back, and those after it are told as they are", async () => {
    await prisma.$transaction(async (tx: Tx) => {
      await inOrder(tx, 0, 1);
      await tx
        .$transaction(async (inner) => {
          await inOrder(inner as Tx, 1, 4);
          throw new Error("rolled back");
        })
        .catch(() => undefined);
      await inOrder(tx, 1, 4);
    });
    await told();
    expect((await ledger.names()).filter((name) => name === "TagCreated")).toHaveLength(1);
  });
});

describe("with strictUndefinedChecks", () => {
  const strict = () => {
    // Generated clients with this preview feature differ in this alone.
    const client = openClient(url);
    Object.assign(client, { _previewFeatures: ["strictUndefinedChecks"] });
    return client;
  };
  const plain = strict();
  const bus = strict().$extends(eventBus({ events, capture }));
  const withoutTimes = (value: unknown) =>
    JSON.stringify(value).replace(/20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?/g, "<time>");

  const extra: readonly (readonly [string, (db: Db) => PromiseLike<unknown>])[] = [
    ["undefined in data", (db) => db.team.update({ where: one, data: { name: nothing } })],
    [
      "undefined in a nested write",
      (db) =>
        db.team.update({
          where: one,
          data: { members: { updateMany: { where: {}, data: { name: nothing } } } },
        }),
    ],
    ["undefined where", (db) => db.team.updateMany({ where: nothing, data: { name: "x" } })],
    [
      "Prisma.skip",
      (db) =>
        db.team.update({
          where: one,
          data: {
            id: skip,
            slug: skip,
            name: "x",
            projects: skip,
            members: {
              set: skip,
              updateMany: { where: skip, data: { name: "y", id: skip } },
              deleteMany: skip,
            },
          },
        }),
    ],
    ["Prisma.skip in many", (db) => db.team.updateMany({ where: skip, data: { name: "y", id: skip } })],
    [
      "an upsert",
      (db) =>
        db.team.upsert({
          where: { slug: "one", name: skip },
          create: { slug: "no", name: "" },
          update: { name: "x" },
        }),
    ],
  ];

  it.each([...extra, ...children.slice(0, 12), ...children.slice(-6), ...deep.slice(-6)])(
    "a call does what it does without the extension, and is told: %s",
    async (_, call) => {
      const expected = withoutTimes([
        await outcomeOf(() => call(plain as unknown as Db)),
        await ledger.contents(),
      ]);
      await ledger.restore();
      await truth.clear();
      expect(withoutTimes([await outcomeOf(() => call(bus)), await ledger.contents()])).toBe(expected);
      await told();
    },
  );
});
