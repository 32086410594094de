import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import legacy from "../../prisma/generated/client-js/index.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { brokenLinks } from "./support/broken-links.js";
import { closeLater, openAdapter, openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const legacyClient = closeLater(new legacy.PrismaClient({ adapter: openAdapter(url) }));

const clients = [
  { generator: "prisma-client", client: openBus(url), Known: Prisma.PrismaClientKnownRequestError },
  {
    generator: "prisma-client-js",
    client: legacyClient.$extends(eventBus({ events, capture: rules })) as unknown as ReturnType<
      typeof openBus
    >,
    Known: legacy.Prisma.PrismaClientKnownRequestError,
  },
];

const a = { sku: "A" };
const b = { sku: "B" };
const more = { stock: { increment: 1 } };
const products = () => base.product.findMany({ orderBy: { sku: "asc" } });

beforeEach(async () => {
  await ledger.clear();
  for (const { sku } of [a, b]) await base.product.create({ data: { sku, title: sku, price: 1 } });
});

/** Waits until a statement waits for a lock. */
const somebodyWaits = () =>
  eventually(async () => {
    const { rowCount } = await pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    expect(rowCount).toBeGreaterThan(0);
  });

describe.each(clients)("with $generator", ({ client, Known }) => {
  type Tx = Parameters<Parameters<typeof client.$transaction>[0]>[0];
  const writes: readonly (readonly [string, (tx: Tx) => PromiseLike<unknown>])[] = [
    ["update", (tx) => tx.product.update({ where: a, data: more })],
    ["upsert", (tx) => tx.product.upsert({ where: a, create: { ...a, title: "", price: 1 }, update: more })],
    ["delete", (tx) => tx.product.delete({ where: a })],
    ["delete with include", (tx) => tx.product.delete({ where: a, include: { lines: true } })],
  ];

  describe.each(["RepeatableRead", "Serializable"] as const)("a %s transaction", (isolationLevel) => {
    it.each(writes)("fails with P2034 in an %s of a row that another has changed since", async (_, write) => {
      const transaction = client.$transaction(
        async (tx) => {
          await tx.product.count();
          await base.product.update({ where: a, data: more });
          await write(tx);
        },
        { isolationLevel },
      );
      await expect(transaction).rejects.toSatisfy(
        (error) => error instanceof Known && error.code === "P2034",
      );
      expect(await ledger.names()).toEqual([]);
    });

    it.each(writes)("fails with P2034 in an %s that waited for the other's change", async (_, write) => {
      const blocker = await pool.connect();
      await blocker.query("begin");
      await blocker.query(`update "Product" set stock = 5 where sku = 'A'`);
      const transaction = client.$transaction((tx) => Promise.resolve(write(tx)), { isolationLevel });
      const outcome = transaction.catch((error: unknown) => error);
      await somebodyWaits();
      await blocker.query("commit");
      blocker.release();
      expect(await outcome).toSatisfy((error) => error instanceof Known && error.code === "P2034");
      expect(await ledger.names()).toEqual([]);
    });
  });

  it("a deadlock fails one of the two transactions with P2034; the other commits with its events", async () => {
    const both = (first: typeof a, second: typeof a) => {
      let started: () => void = () => undefined;
      const isStarted = new Promise<void>((resolve) => {
        started = resolve;
      });
      const run = (go: Promise<void>) =>
        client.$transaction(async (tx) => {
          await tx.product.update({ where: first, data: more });
          started();
          await go;
          await tx.product.update({ where: second, data: more });
        });
      return { isStarted, run };
    };
    const one = both(a, b);
    const other = both(b, a);
    const outcomes = await Promise.allSettled([one.run(other.isStarted), other.run(one.isStarted)]);
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).toSatisfy((error) => error instanceof Known && error.code === "P2034");
    expect(await ledger.names()).toEqual(["ProductUpdated", "ProductUpdated"]);
    expect((await products()).map(({ stock }) => stock)).toEqual([1, 1]);
  });

  it("a deadlock in a bare call fails with P2034", async () => {
    const blocker = await pool.connect();
    await blocker.query("begin");
    await blocker.query("set local deadlock_timeout = '30s'"); // the other one is the victim
    await blocker.query(`select from "Product" where sku = 'B' for update`);
    const transaction = client
      .$transaction(async (tx) => {
        await tx.product.update({ where: a, data: more });
        await tx.product.update({ where: b, data: more });
      })
      .catch((error: unknown) => error);
    await somebodyWaits();
    await blocker.query(`select from "Product" where sku = 'A' for update`);
    expect(await transaction).toSatisfy((error) => error instanceof Known && error.code === "P2034");
    await blocker.query("rollback");
    blocker.release();
    expect(await ledger.names()).toEqual([]);
  });

  it("a bare call waits for another's change and captures what that left", async () => {
    const blocker = await pool.connect();
    await blocker.query("begin");
    await blocker.query(`update "Product" set stock = 5 where sku = 'A'`);
    const update = Promise.resolve(client.product.update({ where: a, data: more }));
    await somebodyWaits();
    await blocker.query("commit");
    blocker.release();
    expect((await update).stock).toBe(6);
    expect((await ledger.event()).initialData).toEqual({ stock: 5 });
  });

  it("a bare call finds nothing when another's transaction deletes the row meanwhile", async () => {
    const blocker = await pool.connect();
    await blocker.query("begin");
    await blocker.query(`delete from "Product" where sku = 'A'`);
    const update = Promise.resolve(client.product.update({ where: a, data: more })).catch(
      (error: unknown) => error,
    );
    await somebodyWaits();
    await blocker.query("commit");
    blocker.release();
    expect(await update).toMatchObject({ code: "P2025" });
    expect(await ledger.names()).toEqual([]);
  });

  it("an upsert captures what it does when another's transaction inserts the row meanwhile", async () => {
    const blocker = await pool.connect();
    await blocker.query("begin");
    await blocker.query(`insert into "Product" (sku, title, price, stock) values ('C', 'theirs', 1, 7)`);
    const upsert = Promise.resolve(
      client.product.upsert({
        where: { sku: "C" },
        create: { sku: "C", title: "ours", price: 1 },
        update: more,
      }),
    ).catch((error: unknown) => error);
    await somebodyWaits();
    await blocker.query("commit");
    blocker.release();
    const outcome = await upsert;
    const stored = await ledger.events();
    const row = (await products()).find(({ sku }) => sku === "C");
    if (outcome instanceof Error) {
      expect(outcome).toSatisfy((error) => error instanceof Known && ["P2002", "P2034"].includes(error.code));
      expect([stored, row?.stock]).toEqual([[], 7]);
    } else {
      expect(row?.stock).toBe(8);
      expect(stored).toMatchObject([
        { name: "ProductUpdated", changes: { stock: 8 }, initialData: { stock: 7 } },
      ]);
    }
  });

  it("upserts of one new row capture one creation when they insert it at the same moment", async () => {
    // The unique index is the last one that gets the new row, and the one before it is slow: all of them insert before
    // any of them finds out.
    await pool.query(`
      create function slowly(key text) returns text immutable language plpgsql as
        $$ begin perform pg_sleep(0.2); return key; end $$;
      create index slow on "Setting" (slowly(key));
      drop index "Setting_key_key";
      create unique index "Setting_key_key" on "Setting" (key)`);
    const upsert = (value: number) =>
      client.setting.upsert({ where: { key: "k" }, create: { key: "k", value }, update: { value } });
    try {
      await Promise.all([upsert(1), upsert(2), upsert(3)]);
      const stored = await ledger.events();
      expect(stored.map(({ operation }) => operation)).toEqual(["create", "update", "update"]);
      expect(brokenLinks(stored, await base.setting.findUnique({ where: { key: "k" } }))).toEqual([]);
    } finally {
      await pool.query(`drop index slow; drop function slowly`);
    }
  });

  it("an upsert creates the row when another's transaction deletes it meanwhile", async () => {
    const blocker = await pool.connect();
    await blocker.query("begin");
    await blocker.query(`delete from "Product" where sku = 'A'`);
    const upsert = Promise.resolve(
      client.product.upsert({ where: a, create: { ...a, title: "ours", price: 1 }, update: more }),
    );
    await somebodyWaits();
    await blocker.query("commit");
    blocker.release();
    await upsert;
    expect(await ledger.names()).toEqual(["ProductCreated"]);
  });
});
