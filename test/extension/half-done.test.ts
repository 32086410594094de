import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const prisma = openBus(url);
const ledger = new Ledger(pool);

beforeEach(async () => {
  await ledger.clear();
  await prisma.user.create({ data: { id: 1, email: "a", name: "Ann" } });
});

type Tx = Pick<typeof prisma, "user" | "post">;

// Prisma writes the row, and then does not find what is nested in the call.
describe("a call that fails after a part of it was written", () => {
  it.each<[string, (tx: Tx) => PromiseLike<unknown>]>([
    [
      "update with connect",
      (tx) => tx.user.update({ where: { id: 1 }, data: { name: "Eve", posts: { connect: { id: 99 } } } }),
    ],
    [
      "update with a nested update",
      (tx) =>
        tx.user.update({
          where: { id: 1 },
          data: { name: "Eve", posts: { update: { where: { id: 99 }, data: { title: "x" } } } },
        }),
    ],
    ["create with connect", (tx) => tx.user.create({ data: { email: "b", posts: { connect: { id: 99 } } } })],
    [
      "upsert with connect",
      (tx) =>
        tx.user.upsert({
          where: { id: 1 },
          create: { email: "b" },
          update: { name: "Eve", posts: { connect: { id: 99 } } },
        }),
    ],
    [
      "an update of no row that was to be related to a new one",
      (tx) => tx.post.update({ where: { id: 99 }, data: { labels: { create: { name: "l" } } } }),
    ],
    [
      "an update of no row that was to be related to a new one or another one",
      (tx) =>
        tx.post.update({
          where: { id: 99 },
          data: { title: "x", labels: { connectOrCreate: { where: { name: "l" }, create: { name: "l" } } } },
        }),
    ],
    [
      "an update of no row that was to refer to a new one",
      (tx) => tx.post.update({ where: { id: 99 }, data: { author: { create: { email: "b" } } } }),
    ],
  ])("cannot be committed, even when its error is caught: %s", async (_, call) => {
    await prisma
      .$transaction(async (tx) => {
        await expect(Promise.resolve(call(tx))).rejects.toMatchObject({
          code: expect.stringMatching(/^P20/),
        });
      })
      .catch(() => undefined);
    const { rows } = await pool.query("select id, email, name from users");
    expect(rows).toEqual([{ id: 1, email: "a", name: "Ann" }]);
    expect((await pool.query('select from "Label"')).rowCount).toBe(0);
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });

  it.each<[string, (tx: Tx) => PromiseLike<unknown>]>([
    [
      "a reference to nothing",
      (tx) => tx.post.create({ data: { title: "x", author: { connect: { id: 99 } } } }),
    ],
    [
      "a row that is not there",
      (tx) => tx.user.update({ where: { id: 99 }, data: { posts: { create: { title: "x" } } } }),
    ],
  ])("lets the transaction go on where nothing was written: %s", async (_, call) => {
    await prisma.$transaction(async (tx) => {
      await expect(Promise.resolve(call(tx))).rejects.toMatchObject({ code: "P2025" });
      await tx.user.update({ where: { id: 1 }, data: { name: "Bob" } });
    });
    expect(await ledger.names()).toEqual(["UserCreated", "UserUpdated"]);
  });
});
