import { beforeEach, describe, expect, it } from "vitest";

import "../../src/vitest.js";
import { publishedEvents } from "../../src/testing.js";
import {
  OrderCreated,
  OrderUpdated,
  openBus,
  ThingUpdated,
  UserCreated,
  UserDeleted,
  UserUpdated,
} from "./fixture.js";

const { prisma, start } = await openBus();

// initial_data_integration_test.exs, ecto_repo_wrapper_test.exs, array_field_test.exs and embedded_schema_test.exs.
// Where a case names an age, it is the nickname here: a field that can be null.
beforeEach(() => start());

const only = async () => {
  const events = await publishedEvents(prisma);
  expect(events).toHaveLength(1);
  return events[0];
};
const insertJohn = (nickName: string | null = "30") =>
  prisma.user.create({ data: { name: "John", email: "old@example.com", nickName } });

describe("INSERT operation", () => {
  it("publishes an event with null as the initial data of new fields", async () => {
    const user = await prisma.user.create({
      data: { name: "John", email: "john@example.com", nickName: "30" },
      event: UserCreated,
    });
    expect(user).toMatchObject({ name: "John", email: "john@example.com", nickName: "30" });
    await expect(prisma).toHavePublished(UserCreated, {
      changes: { name: "John", email: "john@example.com", nickName: "30" },
      initialData: { name: null, email: null, nickName: null },
    });
  });

  it("insert with partial fields publishes an event with null for those fields only", async () => {
    const user = await prisma.user.create({
      data: { name: "Jane", email: "jane@example.com" },
      event: UserCreated,
    });
    expect(user.nickName).toBeNull();
    await expect(prisma).toHavePublished(UserCreated, {
      changes: { name: "Jane", email: "jane@example.com" },
      initialData: { name: null, email: null },
    });
    const event = await only();
    expect(event?.changes).not.toHaveProperty("nickName");
    expect(event?.initialData).not.toHaveProperty("nickName");
  });

  it("insert with nested associations includes their changes", async () => {
    await prisma.user.create({
      data: {
        name: "Alice",
        email: "alice@example.com",
        profile: { create: { bio: "Software Engineer" } },
        posts: {
          create: [
            { title: "First Post", body: "Hello World" },
            { title: "Second Post", body: "Prisma is great" },
          ],
        },
      },
      event: UserCreated,
    });
    await expect(prisma).toHavePublished(UserCreated, {
      changes: {
        name: "Alice",
        profile: { bio: "Software Engineer" },
        posts: [
          { title: "First Post", body: "Hello World" },
          { title: "Second Post", body: "Prisma is great" },
        ],
      },
      initialData: { name: null, email: null, profile: null, posts: [] },
    });
  });
});

describe("UPDATE operation", () => {
  it("publishes an event with old values in the initial data, of the changed field only", async () => {
    const { id } = await insertJohn();
    await prisma.user.update({ where: { id }, data: { email: "new@example.com" }, event: UserUpdated });
    const event = await only();
    expect(event).toMatchObject({
      name: "UserUpdated",
      aggregate: { name: "John", email: "new@example.com" },
    });
    expect(event?.changes).toEqual({ email: "new@example.com", updatedAt: expect.any(Date) });
    expect(event?.initialData).toEqual({ email: "old@example.com", updatedAt: expect.any(Date) });
  });

  it("update of multiple fields includes all old values", async () => {
    const { id } = await insertJohn();
    await prisma.user.update({
      where: { id },
      data: { email: "new@example.com", nickName: "35" },
      event: UserUpdated,
    });
    await expect(prisma).toHavePublished(UserUpdated, {
      changes: { email: "new@example.com", nickName: "35" },
      initialData: { email: "old@example.com", nickName: "30" },
    });
  });

  it("update with no changes does not publish an event", async () => {
    const { id } = await insertJohn();
    await prisma.user.update({ where: { id }, data: { name: "John" }, event: UserUpdated });
    await prisma.user.update({ where: { id }, data: {}, event: UserUpdated });
    await expect(prisma).not.toHavePublished(UserUpdated);
  });

  it("update of a field from a value to null, and from null to a value", async () => {
    const { id } = await insertJohn();
    await prisma.user.update({ where: { id }, data: { nickName: null }, event: UserUpdated });
    await prisma.user.update({ where: { id }, data: { nickName: "25" }, event: UserUpdated });
    await expect(prisma).toHavePublishedInOrder([
      [UserUpdated, { changes: { nickName: null }, initialData: { nickName: "30" } }],
      [UserUpdated, { changes: { nickName: "25" }, initialData: { nickName: null } }],
    ]);
  });

  it("update with nested associations includes their changes, an updated and a new one", async () => {
    const bob = await prisma.user.create({
      data: {
        email: "bob@example.com",
        profile: { create: { bio: "Developer" } },
        posts: { create: { title: "Original Post", body: "Original content" } },
      },
      include: { posts: true },
    });
    const [original] = bob.posts;
    if (original === undefined) throw new Error("expected a post");
    await prisma.user.update({
      where: { id: bob.id },
      data: {
        profile: { update: { bio: "Senior Developer" } },
        posts: {
          update: { where: { id: original.id }, data: { title: "Updated Post" } },
          create: { title: "New Post", body: "New content" },
        },
      },
      event: UserUpdated,
    });
    await expect(prisma).toHavePublished(UserUpdated, {
      changes: {
        profile: { bio: "Senior Developer" },
        // Paired by primary key, which is there: the seed pairs by place.
        posts: [
          { id: original.id, title: "Updated Post" },
          { title: "New Post", body: "New content" },
        ],
      },
      initialData: {
        profile: { bio: "Developer" },
        posts: [{ id: original.id, title: "Original Post" }, {}],
      },
    });
    const [event] = await publishedEvents(prisma, UserUpdated);
    expect(event?.changes.posts?.[0]).toEqual({ id: original.id, title: "Updated Post" });
  });
});

describe("DELETE operation", () => {
  it("publishes an event with the row, and with empty changes and initial data", async () => {
    const { id } = await insertJohn();
    const deleted = await prisma.user.delete({ where: { id }, event: UserDeleted });
    expect(deleted.name).toBe("John");
    expect(await only()).toMatchObject({
      name: "UserDeleted",
      aggregate: { name: "John" },
      operation: "delete",
    });
    expect(await only()).toMatchObject({ changes: {}, initialData: {} });
  });

  it("delete of a user with associations publishes an event with empty changes and initial data", async () => {
    const { id } = await prisma.user.create({
      data: {
        email: "charlie@example.com",
        profile: { create: { bio: "Manager" } },
        posts: { create: [{ title: "Post 1" }, { title: "Post 2" }] },
      },
    });
    await prisma.user.delete({ where: { id }, event: UserDeleted });
    const [event] = await publishedEvents(prisma, UserDeleted);
    expect([event?.changes, event?.initialData]).toEqual([{}, {}]);
    expect(await prisma.post.count()).toBe(0);
  });
});

describe("Composite Primary Keys - nested associations", () => {
  const order = async () => {
    const { id: userId } = await insertJohn();
    for (const sku of ["a", "b"]) await prisma.product.create({ data: { sku, title: sku, price: 1 } });
    return userId;
  };

  it("insert with nested composite keys includes all key fields", async () => {
    const userId = await order();
    const { id } = await prisma.order.create({
      data: {
        userId,
        lines: {
          create: [
            { sku: "a", quantity: 10 },
            { sku: "b", quantity: 20 },
          ],
        },
      },
      event: OrderCreated,
    });
    await expect(prisma).toHavePublished(OrderCreated, {
      changes: {
        lines: [
          { orderId: id, sku: "a", quantity: 10 },
          { orderId: id, sku: "b", quantity: 20 },
        ],
      },
      initialData: { lines: [] },
    });
  });

  it("update with nested composite keys includes all key fields", async () => {
    const userId = await order();
    const { id } = await prisma.order.create({
      data: { userId, lines: { create: { sku: "a", quantity: 10 } } },
    });
    await prisma.order.update({
      where: { id },
      data: {
        lines: {
          update: { where: { orderId_sku: { orderId: id, sku: "a" } }, data: { quantity: 11 } },
          create: { sku: "b", quantity: 20 },
        },
      },
      event: OrderUpdated,
    });
    await expect(prisma).toHavePublished(OrderUpdated, {
      changes: {
        lines: [
          { orderId: id, sku: "a", quantity: 11 },
          { orderId: id, sku: "b", quantity: 20 },
        ],
      },
      initialData: { lines: [{ orderId: id, sku: "a", quantity: 10 }, {}] },
    });
  });
});

describe("array fields and embedded values", () => {
  const row = {
    text: "",
    int: 0,
    big: 0,
    float: 0,
    bool: false,
    decimal: 0,
    date: new Date(0),
    bytes: new Uint8Array(),
    json: { title: "a", picture: { url: "old.png", alt: "old" } },
  };
  const insert = (values: object = {}) => prisma.everything.create({ data: { ...row, ...values } });

  it("an array field with the default [] is not in the event when it did not change", async () => {
    const { id } = await insert();
    await prisma.everything.update({ where: { id }, data: { text: "new" }, event: ThingUpdated });
    const event = await only();
    expect([event?.changes, event?.initialData]).toEqual([{ text: "new" }, { text: "" }]);
  });

  it("an array field that changed from empty to populated, and to different values", async () => {
    const { id } = await insert();
    const write = (textList: string[]) =>
      prisma.everything.update({ where: { id }, data: { textList }, event: ThingUpdated });
    await write(["a", "b"]);
    await write(["b", "c"]);
    await expect(prisma).toHavePublishedInOrder([
      [ThingUpdated, { changes: { textList: ["a", "b"] }, initialData: { textList: [] } }],
      [ThingUpdated, { changes: { textList: ["b", "c"] }, initialData: { textList: ["a", "b"] } }],
    ]);
  });

  it("values keep their types in arrays", async () => {
    const at = new Date("2026-01-02T03:04:05.678Z");
    const { id } = await insert();
    const lists = { bigList: [1n, 2n], dateList: [at], roleList: ["ADMIN" as const] };
    await prisma.everything.update({ where: { id }, data: lists, event: ThingUpdated });
    await expect(prisma).toHavePublished(ThingUpdated, {
      changes: lists,
      initialData: { bigList: [], dateList: [], roleList: [] },
    });
  });

  // What is an embedded schema in Ecto is a value of type Json here: it changes as a whole.
  it("an embedded value that changed is in the event, old and new; one that did not is not", async () => {
    const { id } = await insert();
    const picture = { url: "new.png", alt: "old" };
    await prisma.everything.update({
      where: { id },
      data: { json: { title: "a", picture } },
      event: ThingUpdated,
    });
    await prisma.everything.update({
      where: { id },
      data: { json: { picture, title: "a" } },
      event: ThingUpdated,
    });
    const event = await only();
    expect(event?.changes).toEqual({ json: { title: "a", picture } });
    expect(event?.initialData).toEqual({ json: row.json });
  });

  it("a new embedded value has null before", async () => {
    const { id } = await insert();
    await prisma.everything.update({
      where: { id },
      data: { jsonOpt: { url: "a.png" } },
      event: ThingUpdated,
    });
    await expect(prisma).toHavePublished(ThingUpdated, {
      changes: { jsonOpt: { url: "a.png" } },
      initialData: { jsonOpt: null },
    });
  });
});
