import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { testDatabase } from "../support/database.js";
import { everything } from "./equivalence/seed.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);
const where = { id: 1 };

type Data = Prisma.EverythingUpdateInput;

beforeEach(async () => {
  await ledger.clear();
  await base.everything.create({ data: { ...everything, floatOpt: 0, jsonOpt: Prisma.JsonNull } });
});

describe("writing the same value", () => {
  it.each<[string, Data]>([
    ["nothing", {}],
    ["a text", { text: "té\t'\"\\" }],
    ["null", { textOpt: null, intOpt: null, roleOpt: null }],
    ["a list", { textList: ["a", ""], roleList: { set: ["ADMIN", "MEMBER"] } }],
    ["an empty push", { textList: { push: [] } }],
    [
      "an increment by nothing",
      { int: { increment: 0 }, big: { increment: 0n }, decimalOpt: { multiply: 1 } },
    ],
    ["a bigint as a number", { bigOpt: -1 }],
    ["a decimal with other zeros", { decimalOpt: "1.5", decimalList: ["0.1", "2.000"] }],
    ["a decimal in scientific notation", { decimalOpt: new Prisma.Decimal("15e-1") }],
    ["a float", { float: 0.1, floatOpt: -0 }],
    ["a date as a text", { date: "1970-01-01T00:00:01.234Z", dateOpt: new Date("2020-02-29T23:00:00Z") }],
    ["a date in another time zone", { dateTz: "1970-01-01T01:00:05.678+01:00" }],
    [
      "bytes in another object",
      { bytes: Buffer.from([0, 255, 1]), bytesList: [Buffer.from([]), Buffer.from([7])] },
    ],
    [
      "json with its keys in another order",
      { json: { a: [null, { x: "y" }], b: 1 }, jsonList: [1, "two", { three: 3 }] },
    ],
    ["json with another number format", { jsonList: [1.0, "two", { three: 3 }] }],
    ["a json null, which is read as the database's", { jsonOpt: Prisma.DbNull }],
    ["an enum", { role: "ADMIN" }],
    ["a UUID in upper case", { uuid: String(everything.uuid).toUpperCase() }],
  ])("is no change: %s", async (_, data) => {
    await prisma.everything.update({ where, data });
    await prisma.everything.upsert({ where, create: everything, update: data });
    expect(await ledger.names()).toEqual([]);
  });

  it("is no change when @updatedAt is all that differs", async () => {
    const { updatedAt } = await base.user.create({ data: { email: "a", updatedAt: new Date(0) } });
    const user = await prisma.user.update({ where, data: { email: "a" } });
    expect(user.updatedAt).not.toEqual(updatedAt);
    await prisma.user.update({ where, data: { updatedAt: new Date(5) } });
    expect(await ledger.names()).toEqual([]);
  });
});

describe("writing another value", () => {
  it.each<[string, Data, object, object]>([
    ["a text in other letters", { text: "x" }, { text: "x" }, { text: everything.text }],
    [
      "a decimal",
      { decimalOpt: "1.51" },
      { decimalOpt: new Prisma.Decimal("1.51") },
      { decimalOpt: new Prisma.Decimal("1.5") },
    ],
    [
      "a decimal, far behind the point",
      { decimal: "12345678901234567890.1234567891" },
      { decimal: new Prisma.Decimal("12345678901234567890.1234567891") },
      { decimal: new Prisma.Decimal("12345678901234567890.123456789") },
    ],
    [
      "a bigint beyond what a number holds",
      { big: 9_007_199_254_740_992n },
      { big: 9_007_199_254_740_992n },
      { big: 9_007_199_254_740_993n },
    ],
    [
      "a date by a millisecond",
      { date: new Date(1_235) },
      { date: new Date(1_235) },
      { date: new Date(1_234) },
    ],
    [
      "one byte",
      { bytes: new Uint8Array([0, 255, 2]) },
      { bytes: new Uint8Array([0, 255, 2]) },
      { bytes: new Uint8Array([0, 255, 1]) },
    ],
    ["the order of a list", { textList: ["", "a"] }, { textList: ["", "a"] }, { textList: ["a", ""] }],
    [
      "a json list's order",
      { json: { b: 1, a: [{ x: "y" }, null] } },
      { json: { b: 1, a: [{ x: "y" }, null] } },
      { json: everything.json },
    ],
    ["a json key's absence", { json: { b: 1 } }, { json: { b: 1 } }, { json: everything.json }],
    [
      "a json number as a text",
      { jsonList: ["1", "two", { three: 3 }] },
      { jsonList: ["1", "two", { three: 3 }] },
      { jsonList: everything.jsonList },
    ],
    ["null", { bigOpt: null }, { bigOpt: null }, { bigOpt: -1n }],
    ["a value instead of null", { roleOpt: "ADMIN" }, { roleOpt: "ADMIN" }, { roleOpt: null }],
    ["an empty list", { intList: [] }, { intList: [] }, { intList: [1, 2] }],
    [
      "a float by its last bit",
      { float: 0.1 + Number.EPSILON / 16 },
      { float: 0.1 + Number.EPSILON / 16 },
      { float: 0.1 },
    ],
    ["false", { bool: true }, { bool: true }, { bool: false }],
  ])("is a change with its types: %s", async (_, data, changes, initialData) => {
    await prisma.everything.update({ where, data });
    const event = await ledger.event();
    expect(event.changes).toEqual(changes);
    expect(event.initialData).toEqual(initialData);
  });

  it("brings every type of value back as Prisma reads it", async () => {
    await base.everything.deleteMany();
    const created = await prisma.everything.create({ data: everything });
    const [row] = await base.everything.findMany();
    expect((await ledger.event()).aggregate).toEqual(row);
    await prisma.everything.update({ where: { id: created.id }, data: { text: "other" } });
    await prisma.everything.delete({ where: { id: created.id } });
    const [, updated, deleted] = await ledger.events();
    expect(updated?.aggregate).toEqual({ ...row, text: "other" });
    expect(deleted?.aggregate).toEqual({ ...row, text: "other" });
    expect(updated?.initialData).toEqual({ text: everything.text });
  });

  it("reads old values of every type as Prisma does", async () => {
    const [row] = await base.everything.findMany();
    const { id: _, ...old } = row as NonNullable<typeof row>;
    await prisma.everything.update({
      where,
      data: {
        text: "o",
        textOpt: "o",
        textList: ["o"],
        int: 9,
        intOpt: 9,
        intList: [9],
        big: 9n,
        bigOpt: 9n,
        bigList: [9n],
        float: 9,
        floatOpt: 9,
        floatList: [9],
        bool: true,
        boolOpt: true,
        boolList: [true],
        decimal: 9,
        decimalOpt: 9,
        decimalList: [9],
        date: new Date(9),
        dateOpt: new Date(9e9),
        dateTz: new Date(9),
        dateList: [new Date(9)],
        bytes: new Uint8Array([9]),
        bytesOpt: new Uint8Array([9]),
        bytesList: [new Uint8Array([9])],
        json: 9,
        jsonOpt: 9,
        jsonList: [9],
        role: "MEMBER",
        roleOpt: "MEMBER",
        roleList: ["MEMBER"],
        uuid: "0190a000-0000-7000-8000-000000000009",
      },
    });
    const event = await ledger.event();
    expect(event.initialData).toEqual(old);
    const { id: __, ...after } = event.aggregate;
    expect(event.changes).toEqual(after);
  });
});
