import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import legacy from "../../prisma/generated/client-js/index.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { closeLater, openAdapter, openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import type { Interruption } from "./support/interrupted.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
// Also what opens a transaction of its own is serializable.
const serializable = `${url}?options=-c%20default_transaction_isolation%3Dserializable`;
const interruption: Interruption = { before: undefined };
const legacyClient = closeLater(
  new legacy.PrismaClient({ adapter: openAdapter(serializable, { interruption }) }),
);
const plain = openClient(serializable, { interruption });
const bus = openBus(serializable, { interruption });
const clients = [
  { generator: "prisma-client", client: bus, Known: Prisma.PrismaClientKnownRequestError },
  {
    generator: "prisma-client-js",
    client: legacyClient.$extends(eventBus({ events, capture: rules })) as unknown as typeof bus,
    Known: legacy.Prisma.PrismaClientKnownRequestError,
  },
];

beforeEach(async () => {
  interruption.before = undefined;
  await ledger.clear();
  await pool.query(`insert into "Product" (sku, title, price) values ('A', 'a', 1), ('B', 'b', 1)`);
});

/** Another one reads what the next transaction writes, writes what that reads, and commits just before it. */
function meetAtCommit(): void {
  interruption.before = async (statement) => {
    if (statement !== "COMMIT") return;
    interruption.before = undefined;
    const other = await pool.connect();
    try {
      await other.query(`begin isolation level serializable; select from "Product" where sku = 'A';
        update "Product" set stock = 5 where sku = 'B'; commit`);
    } finally {
      other.release();
    }
  };
}

const before = { where: { sku: "B" } };
const written = { where: { sku: "A" }, data: { stock: { increment: 1 } } };
const outcomeOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => "done",
    (error: unknown) => error,
  );

it("has no code in Prisma itself", async () => {
  meetAtCommit();
  const outcome = await outcomeOf(
    plain.$transaction(async (tx) => {
      await tx.product.findUnique(before);
      await tx.product.update(written);
    }),
  );
  expect(outcome).toMatchObject({ name: "DriverAdapterError", message: "TransactionWriteConflict" });
});

describe.each(clients)("a conflict that is found at COMMIT, with $generator,", ({ client, Known }) => {
  const calls: readonly (readonly [string, () => PromiseLike<unknown>])[] = [
    [
      "a transaction",
      () =>
        client.$transaction(async (tx) => {
          await tx.product.findUnique(before);
          await tx.product.update(written);
        }),
    ],
    [
      "a batch",
      () => client.$transaction([client.product.findUnique(before), client.product.update(written)]),
    ],
  ];

  it.each(calls)("fails %s with P2034, and nothing is published", async (_, call) => {
    meetAtCommit();
    const outcome = await outcomeOf(call());
    expect(outcome).toBeInstanceOf(Known);
    expect(outcome).toMatchObject({
      code: "P2034",
      message: "Transaction failed due to a write conflict or a deadlock. Please retry your transaction",
      cause: { message: "TransactionWriteConflict" },
    });
    expect(await ledger.names()).toEqual([]);
  });

  it("fails a call by itself with P2034 in words that name it, and nothing is published", async () => {
    meetAtCommit();
    // No index helps to find it: every row is read.
    const outcome = await outcomeOf(client.product.updateMany({ where: { title: "a" }, data: written.data }));
    expect(outcome).toBeInstanceOf(Known);
    expect(outcome).toMatchObject({ code: "P2034", meta: { modelName: "Product" } });
    expect(String(outcome)).toMatch(
      /Invalid `.*product\.updateMany\(\)` invocation.*Transaction failed due to/s,
    );
    expect(await ledger.names()).toEqual([]);
  });
});
