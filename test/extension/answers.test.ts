import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { publishedEvents } from "../../src/testing.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const prisma = openBus(url);
const where = { id: 1 };

// A newer release has added a role; this one cannot read it.
await pool.query("alter type role add value 'owner'");

beforeEach(async () => {
  await ledger.clear();
  await base.user.create({ data: { email: "ann@example.org", name: "Ann" } });
});

const nameOfAnn = async () => (await pool.query("select name from users")).rows[0].name;

describe("an answer that Prisma cannot read", () => {
  it("leaves neither the change nor an event, though the application catches the error", async () => {
    await pool.query("update users set role = 'owner'");
    await prisma
      .$transaction(async (tx) => {
        await tx.user.update({ where, data: { name: "Eve" } }).catch(() => undefined);
      })
      .catch(() => undefined);
    expect([await nameOfAnn(), await ledger.names()]).toEqual(["Ann", []]);
  });

  it("is not asked for what the call does not select, and the event says it as PostgreSQL does", async () => {
    await pool.query("update users set role = 'owner'");
    await prisma.user.update({ where, data: { name: "Eve" }, select: { id: true } });
    await prisma.user.updateMany({ data: { name: "Eva" } });
    const [first, second] = await publishedEvents(prisma);
    expect(first).toMatchObject({ aggregate: { name: "Eve", role: "owner" }, changes: { name: "Eve" } });
    expect(second).toMatchObject({ aggregate: { name: "Eva", role: "owner" }, initialData: { name: "Eve" } });
  });

  it("of a delete is read before, when the call is run again", async () => {
    await pool.query("update users set role = 'owner'");
    await prisma.user.delete({ where, select: { id: true } });
    expect(await publishedEvents(prisma)).toMatchObject([
      { operation: "delete", aggregate: { role: "owner" } },
    ]);
  });
});

describe("an extension that answers instead of an error", () => {
  const forgiving = base.$extends(eventBus({ events, capture: rules })).$extends({
    query: {
      user: {
        async $allOperations({ args, query }) {
          try {
            return await query(args);
          } catch (error) {
            if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2025") return null;
            throw error;
          }
        },
      },
    },
  });

  it.each([
    ["there is no such row", { id: 2 }],
    ["the row does not meet a further condition", { id: 1, name: "Bob" }],
  ])("is let through when %s", async (_, missing) => {
    expect(await forgiving.user.update({ where: missing, data: { name: "Eve" } })).toBeNull();
    const inside = await forgiving.$transaction(async (tx) => {
      const answer = await tx.user.update({ where: missing, data: { name: "Eve" } });
      await tx.user.update({ where, data: { nickName: "an" } });
      return answer;
    });
    expect(inside).toBeNull();
    expect([await nameOfAnn(), await ledger.names()]).toEqual(["Ann", ["UserUpdated"]]);
  });
});

describe("a row that cannot be locked", () => {
  it("fails the call as the database refuses it, in words that name the call", async () => {
    const blocker = await pool.connect();
    try {
      await blocker.query("begin");
      await blocker.query("select from users for update");
      const call = prisma.$transaction(async (tx) => {
        await tx.$executeRaw`set local lock_timeout = 50`;
        await tx.user.update({ where, data: { name: "Eve" } });
      });
      await expect(call).rejects.toMatchObject({
        code: "P2039",
        message: expect.stringMatching(/user\.update\(\)` invocation[\s\S]*55P03/),
      });
    } finally {
      await blocker.query("rollback");
      blocker.release();
    }
  });

  it("as the transaction is aborted already fails as it does without the extension", async () => {
    const outcome = (client: Pick<typeof prisma, "$transaction">) =>
      client
        .$transaction(async (tx) => {
          await tx.$queryRaw`select 1/0`.catch(() => undefined);
          await tx.user.update({ where, data: { name: "Eve" } });
        })
        .catch(({ code, message }: Prisma.PrismaClientKnownRequestError) => [
          code,
          message.replace(/ in\n[\s\S]*→/, ""),
        ]);
    const [code] = (await outcome(base as unknown as typeof prisma)) as string[];
    expect((await outcome(prisma)) as string[]).toEqual([code, expect.stringContaining("25P02")]);
  });
});
