import { beforeAll, describe, expect, it } from "vitest";

import "../../src/vitest.js";
import { fixed } from "../../src/registry/backoff.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { drain } from "../../src/testing/drain.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { withRollback } from "../../src/testing/with-rollback.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";

const { url } = await testDatabase();
const prisma = openBus(url);
const UserCreated = rules.User.create;
const greet = defineSubscriber({
  name: "greet",
  events: [UserCreated],
  async handle(event, ctx) {
    await (ctx.prisma as never as typeof prisma).label.create({ data: { name: event.aggregate.email } });
  },
});

beforeAll(() => subscribe({ client: prisma, subscribers: [greet] }));

describe("withRollback", () => {
  it("leaves nothing of rows, events and deliveries, and returns what the function returns", async () => {
    const id = await withRollback(prisma, async (tx) => {
      const user = await tx.user.create({ data: { email: "ada@example.com" } });
      await expect(tx).toHavePublished(UserCreated);
      expect(await drain({ prisma: tx, subscribers: [greet] })).toMatchObject({ delivered: 1, errors: [] });
      await expect(tx).toHaveDelivered(greet);
      expect(await tx.label.count()).toBe(1);
      return user.id;
    });
    expect(id).toEqual(expect.any(Number));
    expect(await prisma.user.count()).toBe(0);
    expect(await prisma.label.count()).toBe(0);
    await expect(prisma).not.toHavePublished(UserCreated);
  });

  it("makes transactions of the code under test savepoints, which can be rolled back alone", async () => {
    await withRollback(prisma, async (tx) => {
      await tx.$transaction(async (inner) => {
        await inner.user.create({ data: { email: "kept@example.com" } });
      });
      const failing = tx.$transaction(async (inner) => {
        await inner.user.create({ data: { email: "gone@example.com" } });
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect((await tx.user.findMany()).map(({ email }) => email)).toEqual(["kept@example.com"]);
      await expect(tx).toHavePublishedTimes(UserCreated, 1);
    });
    expect(await prisma.user.count()).toBe(0);
  });

  it("lets tests run side by side", async () => {
    const one = (email: string) =>
      withRollback(prisma, async (tx) => {
        await tx.user.create({ data: { email } });
        await expect(tx).toHavePublishedTimes(UserCreated, 1, { aggregate: { email } });
        await expect(tx).toHavePublishedTimes(UserCreated, 1);
      });
    await Promise.all(["a", "b", "c", "d"].map((name) => one(`${name}@example.com`)));
  });

  it("goes on after a statement of a handler has failed, of which nothing stays", async () => {
    const duplicates = defineSubscriber({
      name: "greet",
      events: [UserCreated],
      retry: { maxAttempts: 2, backoff: fixed(1000) },
      async handle({ aggregate: { email } }, ctx) {
        const { label } = ctx.prisma as never as typeof prisma;
        await label.create({ data: { name: `${email}, attempt ${ctx.attempt}` } });
        if (email === "ada@example.com") await label.create({ data: { name: "taken" } });
        if (email === "bob@example.com")
          await label.create({ data: { name: "taken" } }).catch(() => undefined);
        if (email === "eve@example.com") throw new RangeError("not eve");
      },
    });
    await withRollback(prisma, async (tx) => {
      await tx.label.create({ data: { name: "taken" } });
      for (const name of ["ada", "bob", "eve", "dan"])
        await tx.user.create({ data: { email: `${name}@example.com` } });
      const { errors, ...counts } = await drain({ prisma: tx, subscribers: [duplicates] });
      expect(counts).toEqual({ delivered: 1, retrying: 3, dead: 0, cancelled: 0, snoozed: 0 });
      expect(errors).toMatchObject([
        { error: { code: "P2002" } },
        { error: { code: "TRANSACTION_ABORTED" } },
        { error: { message: "not eve" } },
      ]);
      const names = (await tx.label.findMany({ orderBy: { id: "asc" } })).map(({ name }) => name);
      // What a handler wrote before it threw stays, as it does outside of a transaction.
      expect(names).toEqual(["taken", "eve@example.com, attempt 1", "dan@example.com, attempt 1"]);
      await expect(tx).toHaveDelivered(duplicates, { aggregate: { email: "dan@example.com" } });
    });
  });

  it("throws what the function throws", async () => {
    const run = withRollback(prisma, async (tx) => {
      await tx.user.create({ data: { email: "ada@example.com" } });
      throw new RangeError("no");
    });
    await expect(run).rejects.toThrow(new RangeError("no"));
    expect(await prisma.user.count()).toBe(0);
  });

  it("ends after its time", async () => {
    const run = withRollback(
      prisma,
      async (tx) => {
        await tx.$queryRaw`select pg_sleep(0.5)::text`;
        await tx.user.count();
      },
      { timeoutMs: 100 },
    );
    await expect(run).rejects.toMatchObject({ code: "P2028" });
  });

  it("refuses what is no client, and options that it does not know", async () => {
    await expect(withRollback({} as typeof prisma, async () => 1)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: "the client in withRollback() is an object: expected a Prisma client",
    });
    const misspelt = { timeout: 1 } as never;
    await expect(withRollback(prisma, async () => 1, misspelt)).rejects.toThrow('did you mean "timeoutMs"?');
  });
});
