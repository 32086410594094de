import { AsyncLocalStorage } from "node:async_hooks";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);

// What queues, data loaders and event emitters do: they call back from where they were made.
const fromOutside = AsyncLocalStorage.snapshot();
const startOutside = <T>(call: () => PromiseLike<T>) =>
  fromOutside(() => Promise.resolve(call()).then((value) => value));

const where = { sku: "A" };
const more = { stock: { increment: 1 } };
const steps = async () => (await ledger.events()).map(({ initialData }) => initialData["stock"]);

// What would wait for ever shall fail soon.
vi.setConfig({ testTimeout: 60_000 });

beforeEach(async () => {
  await ledger.clear();
  await base.product.create({ data: { ...where, title: "Apple", price: 1 } });
});

describe("a call that comes from outside of the asynchronous context of its transaction", () => {
  it("is part of the transaction", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.product.update({ where, data: more });
      await startOutside(() => tx.product.update({ where, data: more }));
      await Promise.all([
        tx.product.update({ where, data: more }),
        startOutside(() => tx.product.update({ where, data: more })),
      ]);
    });
    expect(await steps()).toEqual([0, 1, 2, 3]);
    expect(await ledger.transactions()).toBe(1);
  });

  it("is part of a nested transaction, and does not wait for its end", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.$transaction(async (nested) => {
        await startOutside(() => nested.product.update({ where, data: more }));
        await nested.product.update({ where, data: more });
      });
    });
    expect(await steps()).toEqual([0, 1]);
  });

  it("starts a nested transaction and a batch", async () => {
    await prisma.$transaction(async (tx) => {
      await startOutside(() =>
        tx.$transaction(async (nested) => {
          await nested.product.update({ where, data: more });
          await startOutside(() => nested.$transaction([nested.product.update({ where, data: more })]));
        }),
      );
    });
    expect(await steps()).toEqual([0, 1]);
  });

  it("publishes in a nested transaction", async () => {
    await prisma.$transaction((tx) =>
      tx.$transaction(async (nested) => {
        await startOutside(() => nested.$publish([]));
        await startOutside(() => nested.product.delete({ where }));
      }),
    );
    expect(await ledger.names()).toEqual(["ProductDeleted"]);
  });
});

describe("calls on the outer and the nested client at the same time", () => {
  it("inside of the nested transaction's callback take their turn", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.$transaction(async (nested) => {
        await Promise.all([
          tx.product.update({ where, data: more }),
          nested.product.update({ where, data: more }),
          nested.$transaction((third) => third.product.update({ where, data: more })),
        ]);
      });
    });
    expect(await steps()).toEqual([0, 1, 2]);
  });

  it("of a promise that was made outside and is awaited inside", async () => {
    await prisma.$transaction(async (tx) => {
      const call = tx.product.update({ where, data: more });
      await tx.$transaction(async () => {
        await call;
      });
    });
    expect(await steps()).toEqual([0]);
  });
});

describe("a call that waits for a nested transaction that waits for it", () => {
  it.each(["within", "after"])("comes to an end, %s the transaction's time", async (when) => {
    let go: () => void = () => undefined;
    const signal = new Promise<void>((resolve) => {
      go = resolve;
    });
    const transaction = prisma.$transaction(
      async (tx) => {
        const nested = tx.$transaction(async (inner) => {
          await signal;
          await inner.product.update({ where, data: more });
        });
        const outer = Promise.resolve(tx.product.update({ where, data: more }));
        if (when === "within") go();
        await outer;
        go();
        await nested;
      },
      { timeout: 1_000 },
    );
    const outcome = await transaction.then(
      () => "done",
      (error: { code?: string }) => error.code,
    );
    expect(["done", "P2028"]).toContain(outcome);
    const [product] = await base.product.findMany();
    expect(await steps()).toHaveLength(product?.stock ?? 0);
  });
});
