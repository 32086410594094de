import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";

import { Prisma } from "../../prisma/generated/client/client.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { isEvent } from "../../src/registry/is-event.js";
import { fakeEvent } from "../../src/testing/fake-event.js";
import { openBus, openClient } from "../extension/support/clients.js";
import { defineEvent as defineModelEvent, rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";

const { url } = await testDatabase();
openBus(url);
const { create: UserCreated, update: UserUpdated, delete: UserDeleted } = rules.User;

describe("fakeEvent", () => {
  it("has every column of the model, and what the rule of the event is for", () => {
    const event = fakeEvent(UserCreated);
    expect(event).toEqual({
      id: expect.any(String),
      position: expect.any(Number),
      name: "UserCreated",
      version: 1,
      aggregateType: "User",
      aggregateKey: String(event.aggregate.id),
      operation: "create",
      sourceSchema: "public",
      aggregate: {
        id: expect.any(Number),
        email: expect.stringContaining("@"),
        name: expect.any(String),
        role: "MEMBER",
        nickName: expect.any(String),
        createdAt: expect.any(Date),
        updatedAt: expect.any(Date),
      },
      changes: event.aggregate,
      initialData: Object.fromEntries(Object.keys(event.aggregate).map((name) => [name, null])),
      metadata: {},
      occurredAt: expect.any(Date),
    });
    expect(isEvent(event, UserCreated)).toBe(true);
    expectTypeOf(event.aggregate.email).toEqualTypeOf<string>();
  });

  it("makes each event another one", () => {
    const [a, b] = [fakeEvent(UserCreated), fakeEvent(UserCreated)];
    expect(a.id).not.toBe(b.id);
    expect(a.aggregate.id).not.toBe(b.aggregate.id);
    expect(a.aggregate.email).not.toBe(b.aggregate.email);
    expect(a.position).toBeLessThan(b.position);
  });

  it("takes what it is given", () => {
    const occurredAt = new Date(0);
    const event = fakeEvent(UserCreated, {
      aggregate: { id: 7, email: "ada@example.com", nickName: null },
      metadata: { actor: "admin" },
      id: "an id",
      position: 12,
      occurredAt,
    });
    expect(event).toMatchObject({ id: "an id", position: 12, occurredAt, metadata: { actor: "admin" } });
    expect(event).toMatchObject({ aggregateKey: "7", changes: { email: "ada@example.com" } });
    expect(event.changes).not.toHaveProperty("nickName");
  });

  it("for an update has old values that differ", () => {
    const event = fakeEvent(UserUpdated, { changes: { email: "new@example.com", role: "MEMBER" } });
    expect(event).toMatchObject({
      operation: "update",
      aggregate: { email: "new@example.com" },
      initialData: { email: expect.stringContaining("@"), role: "ADMIN" },
    });
    expect(event.initialData.email).not.toBe("new@example.com");
    expect(
      fakeEvent(UserUpdated, { changes: { name: "b" }, initialData: { name: "a" } }).initialData,
    ).toEqual({
      name: "a",
    });
    const other = fakeEvent(UserUpdated);
    expect(Object.keys(other.changes)).toContain("name");
    expect(other.changes).not.toHaveProperty("id");
  });

  it("has old values of the columns' types, for each of them", () => {
    const { changes, initialData } = fakeEvent(rules.Everything.update);
    for (const [name, value] of Object.entries(changes)) {
      const before = initialData[name as keyof typeof initialData];
      expect(before, name).not.toBeNull();
      expect(before, name).not.toEqual(value);
      expect(Object.prototype.toString.call(before), name).toBe(Object.prototype.toString.call(value));
    }
  });

  it("has dates that depend on nothing but the number of the event", () => {
    const [a, b] = [fakeEvent(UserCreated), fakeEvent(UserCreated)];
    expect(b.aggregate.createdAt.getTime() - a.aggregate.createdAt.getTime()).toBe(1000);
    expect(a.aggregate.createdAt.getTime()).toBe(Date.UTC(2026, 0, 1) + a.position * 1000);
  });

  it("takes old values alone for those of the fields that changed", () => {
    const event = fakeEvent(UserUpdated, { aggregate: { name: "Ada" }, initialData: { name: null } });
    expect(event).toMatchObject({ changes: { name: "Ada" }, initialData: { name: null } });
    expect(Object.keys(event.changes)).toEqual(["name"]);
  });

  it("leaves out what is undefined", () => {
    expect(fakeEvent(UserCreated, { aggregate: { email: undefined } as never }).aggregate.email).toMatch("@");
  });

  it("for a delete has no changes, and can be told another operation", () => {
    expect(fakeEvent(UserDeleted)).toMatchObject({ operation: "delete", changes: {}, initialData: {} });
    expect(fakeEvent(UserDeleted, { operation: "publish", aggregateKey: null })).toMatchObject({
      operation: "publish",
      aggregateKey: null,
    });
  });

  it.each(Object.values(rules).map(({ create }) => [create.model, create] as const))(
    "has values that the columns of %s can have, and that come back the same",
    async (model, type) => {
      const client = openClient(url);
      const { aggregate } = fakeEvent(type as typeof UserCreated);
      const name = model.charAt(0).toLowerCase() + model.slice(1);
      const row = Object.fromEntries(
        Object.entries(aggregate).filter(([field]) => !isGenerated(model, field)),
      );
      const parents = { Order: { userId: 1 }, Payment: { orderId: "00000000-0000-7000-8000-000000000001" } };
      await seedParents(client);
      const data = { ...row, ...parents[model as keyof typeof parents] };
      const table = (client as never as Record<string, { create(args: object): Promise<object> }>)[name];
      const written = await table?.create({ data });
      expect(JSON.stringify(written, asText)).toEqual(JSON.stringify({ ...written, ...data }, asText));
    },
  );

  it("needs the aggregate of an event with a schema, and has the key that it is told", () => {
    const InvoiceDue = defineEvent("InvoiceDue", { schema: z.object({ total: z.number() }) });
    const event = fakeEvent(InvoiceDue, { aggregate: { total: 3 }, aggregateKey: ["a", 1] });
    expect(event).toMatchObject({ aggregate: { total: 3 }, aggregateKey: '["a","1"]', operation: "publish" });
    expectTypeOf(event.aggregate.total).toEqualTypeOf<number>();
    // @ts-expect-error there is no model to make it of
    expect(() => fakeEvent(InvoiceDue)).toThrow(
      "aggregate in fakeEvent() is undefined: expected the aggregate of InvoiceDue",
    );
  });

  it("says what is wrong", () => {
    const Unheard = defineModelEvent("Unheard", { model: "User" });
    expect(() => fakeEvent(Unheard)).toThrow('does not know the model "User" of Unheard');
    expect(() => fakeEvent(undefined as never)).toThrow("event in fakeEvent() is undefined");
    // @ts-expect-error it is called aggregate
    expect(() => fakeEvent(UserCreated, { agregate: {} })).toThrow('did you mean "aggregate"?');
  });

  it.each([
    [{ aggregate: { emial: "a" } }, 'unknown option "aggregate.emial" in fakeEvent(): did you mean "email"?'],
    [{ aggregate: { email: 5 } }, "aggregate.email in fakeEvent() is 5: expected a value of the type String"],
    [{ aggregate: { email: null } }, "aggregate.email in fakeEvent() is null"],
    [
      { aggregate: { role: "BOSS" } },
      'aggregate.role in fakeEvent() is "BOSS": expected one of "MEMBER", "ADMIN"',
    ],
    [{ aggregate: { createdAt: "2026-01-01" } }, "expected a value of the type DateTime"],
    [{ aggregate: "ada" }, 'aggregate in fakeEvent() is "ada": expected an object'],
    [{ changes: { emial: "a" } }, 'unknown option "changes.emial" in fakeEvent()'],
    [{ changes: { email: "a" }, initialData: { name: "b" } }, "expected a field that is among the changes"],
    [{ initialData: { nickName: 5 } }, "expected a value of the type String, or null"],
    [{ operation: "insert" }, 'operation in fakeEvent() is "insert": expected one of create'],
    [{ metadata: "x" }, "metadata in fakeEvent()"],
    [{ occurredAt: "x" }, "occurredAt in fakeEvent()"],
    [{ position: "x" }, "position in fakeEvent()"],
    [{ id: 5 }, "id in fakeEvent()"],
  ])("refuses %o", (overrides, message) => {
    expect(() => fakeEvent(UserUpdated, overrides as never)).toThrow(message);
  });

  it("takes relations among the changes", () => {
    const posts = [{ id: 1, title: "a" }];
    const event = fakeEvent(UserUpdated, {
      changes: { posts } as never,
      initialData: { posts: [] } as never,
    });
    expect(event).toMatchObject({ changes: { posts }, initialData: { posts: [] } });
    expect(event.aggregate).not.toHaveProperty("posts");
  });
});

/** The database makes these. */
function isGenerated(model: string, field: string): boolean {
  return model === "Parcel" && field === "area";
}

function asText(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Prisma.Decimal ? value.toFixed() : value;
}

async function seedParents(client: ReturnType<typeof openClient>): Promise<void> {
  await client.user.createMany({ data: [{ id: 1, email: "parent" }], skipDuplicates: true });
  await client.order.createMany({
    data: [{ id: "00000000-0000-7000-8000-000000000001", number: 999_999, userId: 1 }],
    skipDuplicates: true,
  });
}
