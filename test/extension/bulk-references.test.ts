import { beforeEach, describe, expect, it } from "vitest";
import { ROWS_PER_STATEMENT } from "../../src/extension/rows/read-rows.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const base = openClient(url, { statements });
const { User, Post, Profile, Order } = allRules;
const children = base.$extends(eventBus({ events, capture: { Post, Profile } }));
const both = base.$extends(eventBus({ events, capture: { User, Post, Profile, Order } }));

const emails = ["ann", "bob", "cyd"];

beforeEach(async () => {
  await ledger.clear();
  for (const email of emails) {
    const posts = { create: [{ title: `${email} 1` }, { title: `${email} 2` }] };
    await base.user.create({ data: { email, posts, profile: { create: { bio: email } } } });
  }
});

const found = async () =>
  (await ledger.events()).map(({ name, aggregateKey, initialData }) => [name, aggregateKey, initialData]);

describe("deleteMany", () => {
  const where = { email: { in: ["ann", "cyd"] } };

  it("publishes the rows that go along, before those that they refer to", async () => {
    expect(await both.user.deleteMany({ where })).toEqual({ count: 2 });
    const names = (await found()).map(([name, key]) => `${name} ${key}`);
    expect([...names].sort()).toEqual(
      [
        ...[1, 3].flatMap((id) => [`ProfileDeleted ${id}`, `UserDeleted ${id}`]),
        ...[1, 2, 5, 6].map((id) => `PostDeleted ${id}`),
      ].sort(),
    );
    expect(names.indexOf("UserDeleted 1")).toBeGreaterThan(names.indexOf("PostDeleted 2"));
    expect(names.indexOf("UserDeleted 3")).toBeGreaterThan(names.indexOf("ProfileDeleted 3"));
    const mutations = (await ledger.events()).map(({ metadata }) => metadata.mutationId);
    expect(new Set(mutations).size).toBe(1);
    expect(mutations[0]).toEqual(expect.any(String));
  });

  it("publishes them where the model itself has no rules", async () => {
    await children.$transaction([children.user.deleteMany({ where, limit: 1 })]);
    expect((await found()).map(([name, key]) => `${name} ${key}`).sort()).toEqual([
      "PostDeleted 1",
      "PostDeleted 2",
      "ProfileDeleted 1",
    ]);
    expect(await base.user.count()).toBe(2);
  });

  it("publishes every part's", async () => {
    const count = ROWS_PER_STATEMENT + 1;
    const authors = Array.from({ length: count }, (_, index) => ({ id: 100 + index, email: `${index}` }));
    await base.user.createMany({ data: authors });
    await base.post.createMany({ data: authors.map(({ id }) => ({ title: `${id}`, authorId: id })) });
    await children.user.deleteMany({ where: { id: { gte: 100 } } });
    expect(await ledger.names()).toEqual(Array(count).fill("PostDeleted"));
  });
});

describe("updateMany", () => {
  it("publishes the rows whose references follow", async () => {
    await both.user.updateMany({ where: { email: { not: "bob" } }, data: { id: { increment: 100 } } });
    const all = await found();
    expect(all.filter(([name]) => name === "UserUpdated").map(([, key]) => key)).toEqual(["101", "103"]);
    expect(all.filter(([name]) => name === "PostUpdated")).toEqual(
      [1, 2, 5, 6].map((id) => ["PostUpdated", String(id), { authorId: id < 5 ? 1 : 3 }]),
    );
    expect(all.filter(([name]) => name === "ProfileUpdated")).toHaveLength(2);
    expect(all).toHaveLength(8);
  });

  it("publishes them where the model itself has no rules", async () => {
    await children.user.updateManyAndReturn({ where: { id: 2 }, data: { id: 77 } });
    expect(await found()).toEqual([
      ["ProfileUpdated", "2", { userId: 2 }],
      ["PostUpdated", "3", { authorId: 2 }],
      ["PostUpdated", "4", { authorId: 2 }],
    ]);
  });

  it("asks for nothing more where no key changes", async () => {
    await both.user.updateMany({ data: { name: "warm" } });
    statements.length = 0;
    await both.user.updateMany({ data: { name: "x" } });
    expect(statements).toHaveLength(6);
  });
});
