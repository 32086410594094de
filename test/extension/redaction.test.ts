import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events, UserRenamed } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const { User, Post, OrderLine } = allRules;

const seen: unknown[] = [];
const prisma = base.$extends(
  eventBus({
    events: [...events, UserRenamed],
    capture: {
      User: {
        ...User,
        update: { event: User.update, when: (event) => seen.push(event.changes) > 0 },
        omit: ["nickName"],
        mask: { email: (email) => email.replace(/^.*@/, "…@"), createdAt: () => new Date(0) },
      },
      Post: { ...Post, omit: ["body"] },
      // No rules: others mirror its rows.
      Profile: { mask: { bio: () => "…" } },
    },
  }),
);
const data = { email: "secret@example.org", nickName: "secret", name: "Ann" };
const where = { id: 1 };

/** Whether the event bus has the word anywhere. */
async function knows(word: string): Promise<boolean> {
  const { rows } = await pool.query(
    `select from event_bus.events e where e::text like '%' || $1 || '%' limit 1`,
    [word],
  );
  return rows.length > 0;
}

beforeEach(async () => {
  await ledger.clear();
  seen.length = 0;
});

describe("omit and mask", () => {
  it("hold in every part of the events of every operation", async () => {
    await prisma.user.create({ data });
    await prisma.user.update({
      where,
      data: { nickName: "secret 2", name: "Bob", email: "secret2@example.org" },
    });
    await prisma.user.upsert({ where, create: data, update: { email: "secret3@example.com" } });
    await prisma.user.createMany({ data: [{ ...data, email: "secret4@example.org" }] });
    await prisma.user.updateMany({ data: { nickName: "secret 5", role: "ADMIN" } });
    await prisma.user.delete({ where });
    await prisma.user.deleteMany();
    const found = await ledger.events();
    expect(found.map(({ operation }) => operation)).toEqual([
      "create",
      "update",
      "update",
      "create",
      "update",
      "update",
      "delete",
      "delete",
    ]);
    for (const event of found) {
      expect(Object.keys(event.aggregate).sort()).toEqual([
        "createdAt",
        "email",
        "id",
        "name",
        "role",
        "updatedAt",
      ]);
      expect(event.aggregate).toMatchObject({ email: expect.stringMatching(/^…@/), createdAt: new Date(0) });
    }
    expect(found[1]).toMatchObject({
      changes: { name: "Bob", email: "…@example.org" },
      initialData: { name: "Ann", email: "…@example.org" },
    });
    expect(await knows("secret")).toBe(false);
    expect(seen[0]).toMatchObject({ name: "Bob", email: "…@example.org" });
    expect(seen[0]).not.toHaveProperty("nickName");
    // The caller and the table have everything.
    expect(await prisma.user.create({ data })).toMatchObject(data);
  });

  it("keep null, which says that there was nothing", async () => {
    const created = base.$extends(
      eventBus({ events, capture: { User: { ...User, mask: { name: () => "someone" } } } }),
    );
    await created.user.create({ data: { email: "a" } });
    await created.user.update({ where, data: { name: "Ann" } });
    await created.user.update({ where, data: { name: null } });
    expect(
      (await ledger.events()).map(({ changes, initialData }) => [changes["name"], initialData["name"]]),
    ).toEqual([
      [undefined, undefined],
      ["someone", null],
      [null, "someone"],
    ]);
  });

  it("publish nothing when nothing else changed than what is left out", async () => {
    await base.user.create({ data });
    await prisma.user.update({ where, data: { nickName: "other" } });
    await prisma.user.updateMany({ data: { nickName: "another" } });
    await prisma.user.update({ where, data: { nickName: "x", email: "new@example.org" } });
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });

  it("hold where another model's event mirrors the row", async () => {
    const posts = { create: [{ title: "T", body: "secret" }] };
    await prisma.user.create({ data: { ...data, posts, profile: { create: { bio: "secret" } } } });
    await prisma.user.update({
      where,
      data: {
        posts: { update: { where, data: { body: "secret 2", title: "U" } } },
        profile: { update: { bio: "secret 3" } },
      },
    });
    await prisma.user.update({ where, data: { posts: { update: { where, data: { body: "secret 4" } } } } });
    await prisma.user.update({ where, data: { posts: { delete: where }, profile: { delete: true } } });
    const found = await ledger.events();
    expect(found.find(({ name }) => name === "UserCreated")?.changes).toMatchObject({
      posts: [{ title: "T" }],
      profile: { bio: "…" },
    });
    expect(found.filter(({ name }) => name === "UserUpdated")).toHaveLength(2);
    expect(await knows("secret")).toBe(false);
  });

  it("hold for events that are published by hand, and for those that a call names", async () => {
    const user = await base.user.create({ data });
    await prisma.$publish(UserRenamed(user, { aggregateKey: 1, changes: { nickName: "secret", name: "x" } }));
    await prisma.user.update({ where, data: { name: "Eve" }, event: UserRenamed });
    const found = await ledger.events();
    expect(found.map(({ name }) => name)).toEqual(["UserRenamed", "UserRenamed", "UserUpdated"]);
    expect(found[0]?.changes).toEqual({ name: "x" });
    expect(await knows("secret")).toBe(false);
  });

  it.each([
    ["nothing", () => undefined as never],
    ["a promise", () => Promise.resolve("x") as never],
  ])("fail the write when a mask returns %s", async (_, mask) => {
    const client = base.$extends(eventBus({ events, capture: { User: { ...User, mask: { email: mask } } } }));
    await expect(client.user.create({ data })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      path: "mask.email",
    });
    expect(await base.user.count()).toBe(0);
  });
});

describe("what cannot be left out", () => {
  const extend = (capture: object) => () => base.$extends(eventBus({ events, capture }));

  it.each<[string, object, object]>([
    [
      "an unknown field",
      { User: { omit: ["nope"] } },
      { code: "UNKNOWN_MODEL", path: "capture.User.omit", value: "nope" },
    ],
    [
      "a relation",
      { User: { mask: { posts: () => [] } } },
      { code: "UNKNOWN_MODEL", path: "capture.User.mask" },
    ],
    ["the key", { User: { omit: ["id"] } }, { code: "INVALID_OPTION", path: "capture.User.omit" }],
    ["a part of the key", { OrderLine: { ...OrderLine, mask: { sku: String } } }, { code: "INVALID_OPTION" }],
    [
      "a field that is masked",
      { User: { omit: ["name"], mask: { name: String } } },
      { path: "capture.User.mask.name" },
    ],
    ["no list", { User: { omit: "name" } }, { path: "capture.User.omit" }],
    ["no name", { User: { omit: [7] } }, { path: "capture.User.omit[0]" }],
    ["no functions", { User: { mask: { name: "x" } } }, { path: "capture.User.mask.name" }],
    ["no object", { User: { mask: ["name"] } }, { path: "capture.User.mask" }],
  ])("is refused: %s", (_, capture, refusal) => {
    expect(extend(capture)).toThrow(expect.objectContaining(refusal));
  });
});
