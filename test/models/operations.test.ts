import { expect, it } from "vitest";
import {
  isWriteOperation,
  WRITE_OPERATION_NAMES,
  WRITE_OPERATIONS,
  type WriteOperation,
  writesMany,
  writtenData,
} from "../../src/models/operations.js";
import { openClient } from "../extension/support/clients.js";
import { testDatabase } from "../support/database.js";

const { url } = await testDatabase();
const prisma = openClient(url);
// `aggregateRaw` is of other databases.
const READS = /^(find|aggregate|count$|groupBy$)/;
const email = "a@example.com";

/** A call of each operation for the user with that address. */
const CALLS: Readonly<Record<WriteOperation, object>> = {
  create: { data: { email } },
  createMany: { data: [{ email }] },
  createManyAndReturn: { data: [{ email }] },
  update: { where: { email }, data: { name: "b" } },
  updateMany: { where: { email }, data: { name: "b" } },
  updateManyAndReturn: { where: { email }, data: { name: "b" } },
  upsert: { where: { email }, create: { email }, update: { name: "b" } },
  delete: { where: { email } },
  deleteMany: { where: { email } },
};

const call = (operation: WriteOperation, args: object) =>
  (prisma.user[operation] as (given: object) => Promise<unknown>)(args);

async function rows(): Promise<readonly object[]> {
  return prisma.user.findMany({ where: { email }, select: { name: true } });
}

/** What a call does to a row that is there, or to none. */
async function changeMadeBy(operation: WriteOperation, isThere: boolean): Promise<string | undefined> {
  await prisma.user.deleteMany();
  if (isThere) await prisma.user.create({ data: { email, name: "a" } });
  const before = await rows();
  await call(operation, CALLS[operation]).catch(() => undefined);
  const after = await rows();
  if (after.length !== before.length) return after.length > before.length ? "create" : "delete";
  return JSON.stringify(after) === JSON.stringify(before) ? undefined : "update";
}

it("is every operation of Prisma's models that does not only read", () => {
  const names = Object.keys(prisma.user).filter((name) => !name.startsWith("$") && !READS.test(name));
  const operations = names.filter((name) => typeof Reflect.get(prisma.user, name) === "function");
  expect(operations.sort()).toEqual([...WRITE_OPERATION_NAMES].sort());
});

it.each(WRITE_OPERATION_NAMES)("says what %s does to rows", async (operation) => {
  const made = [await changeMadeBy(operation, false), await changeMadeBy(operation, true)];
  expect(made.filter((change) => change !== undefined)).toEqual(WRITE_OPERATIONS[operation].changes);
});

it.each(WRITE_OPERATION_NAMES)("says what %s answers with", async (operation) => {
  await prisma.user.deleteMany();
  if (WRITE_OPERATIONS[operation].hasWhere) await prisma.user.create({ data: { email } });
  const answer = await call(operation, CALLS[operation]);
  const isCount = typeof answer === "object" && answer !== null && "count" in answer;
  const returns = Array.isArray(answer) ? "rows" : isCount ? "count" : "row";
  expect(returns).toBe(WRITE_OPERATIONS[operation].returns);
});

it.each(WRITE_OPERATION_NAMES)("says in which arguments %s has its data", (operation) => {
  const args = CALLS[operation] as Readonly<Record<string, unknown>>;
  const { createKey, updateKey, hasWhere } = WRITE_OPERATIONS[operation];
  const named = [createKey, updateKey, hasWhere ? "where" : undefined].filter((name) => name !== undefined);
  expect(Object.keys(args).sort()).toEqual(named.sort());
  const { create, update } = writtenData(operation, args);
  expect([create, update]).toEqual([createKey && args[createKey], updateKey && args[updateKey]]);
});

it.each(WRITE_OPERATION_NAMES.filter(writesMany))(
  "has arguments with which %s writes no row",
  async (one) => {
    await prisma.user.deleteMany();
    await prisma.user.create({ data: { email } });
    const answer = await call(one, WRITE_OPERATIONS[one].idleArgs);
    expect(answer).toEqual(WRITE_OPERATIONS[one].returns === "rows" ? [] : { count: 0 });
    expect(WRITE_OPERATIONS[one].changes).toEqual([WRITE_OPERATIONS[one].change]);
  },
);

it("takes no name of Object.prototype for an operation", () => {
  expect(["constructor", "toString", undefined, "findMany"].filter(isWriteOperation)).toEqual([]);
});
