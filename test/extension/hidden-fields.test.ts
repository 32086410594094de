import { inspect } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const omitting = openBus(url, { client: { omit: { user: { email: true } } } });
const seeder = openClient(url);

const where = { id: 1 };
const data = { email: "secret@example.org" };
const create = { ...data, name: "Ann" };

const calls: readonly (readonly [string, () => PromiseLike<object>])[] = [
  ["create and select", () => prisma.user.create({ data, select: { id: true } })],
  ["create and omit", () => prisma.user.create({ data, omit: { email: true } })],
  ["create and a global omit", () => omitting.user.create({ data })],
  ["update and select", () => prisma.user.update({ where, data, select: { id: true } })],
  ["update and omit", () => prisma.user.update({ where, data, omit: { email: true } })],
  ["update and a global omit", () => omitting.user.update({ where, data, include: { posts: true } })],
  ["upsert and select", () => prisma.user.upsert({ where, create, update: data, select: { id: true } })],
  ["upsert and omit", () => prisma.user.upsert({ where, create, update: data, omit: { email: true } })],
  ["delete and select", () => prisma.user.delete({ where, select: { id: true } })],
  ["delete and omit", () => prisma.user.delete({ where, omit: { email: true } })],
];

describe("a field that the caller does not want", () => {
  beforeEach(async () => {
    await ledger.clear();
    await seeder.user.create({ data: { id: 1, email: "old@example.org" } });
    await pool.query("select setval('users_id_seq', 10)");
  });

  it.each(calls)("is in the event and nowhere in the result of %s", async (_, call) => {
    const result = await call();
    expect((await ledger.event()).aggregate).toHaveProperty("email");
    expect({
      keys: Object.keys(result).includes("email"),
      json: JSON.stringify(result).includes("@example.org"),
      spread: "email" in { ...result },
      clone: "email" in structuredClone(result),
      inspected: inspect(result).includes("@example.org"),
      assigned: "email" in Object.assign({}, result),
    }).toEqual({ keys: false, json: false, spread: false, clone: false, inspected: false, assigned: false });
  });

  it.each(calls)("cannot be read from the result of %s", async (_, call) => {
    const result = await call();
    expect(Reflect.get(result, "email")).toBeUndefined();
    expect("email" in result).toBe(false);
  });
});
