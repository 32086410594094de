import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus, isEventBusError } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url, { client: { transactionOptions: { timeout: 3_000 } } });
const bus = eventBus({ events, capture: rules, transaction: { timeoutMs: 4_000 } });

// Prisma's documented example of row-level security: every query in a transaction of its own.
const rewrapping = Prisma.defineExtension({
  name: "row-level security",
  query: {
    $allModels: {
      async $allOperations({ args, query }) {
        const [, result] = await base.$transaction([
          base.$executeRaw`select set_config('app.user', '1', true)`,
          query(args) as Prisma.PrismaPromise<unknown>,
        ]);
        return result;
      },
    },
  },
});

const data = { email: "ann@example.org" };
const where = { email: data.email };

type Db = ReturnType<typeof openBus>;
const writes: readonly (readonly [string, (db: Pick<Db, "user">) => PromiseLike<unknown>])[] = [
  ["create", (db) => db.user.create({ data: { email: "bob@example.org" } })],
  ["update", (db) => db.user.update({ where, data: { name: "Ann" } })],
  ["upsert", (db) => db.user.upsert({ where, create: data, update: { name: "Ann" } })],
  ["delete", (db) => db.user.delete({ where })],
];

beforeEach(async () => {
  await ledger.clear();
  await base.user.create({ data });
});

const contents = async () => [await ledger.contents(), await ledger.names()];

describe.each(writes)("%s", (_, write) => {
  it("is refused when a later extension moves it into another transaction", async () => {
    const before = await contents();
    const client = base.$extends(bus).$extends(rewrapping) as unknown as Db;
    await expect(write(client)).rejects.toSatisfy((error) => isEventBusError(error, "TRANSACTION_ESCAPED"));
    expect(await contents()).toEqual(before);
  });

  it("is refused when a later extension moves it out of the caller's transaction", async () => {
    const before = await contents();
    const client = base.$extends(bus).$extends(rewrapping) as unknown as Db;
    const failure = client.$transaction((tx) => Promise.resolve(write(tx)));
    await expect(failure).rejects.toSatisfy((error) => isEventBusError(error, "TRANSACTION_ESCAPED"));
    expect(await contents()).toEqual(before);
  });

  it("is captured or refused when an earlier extension moves it into a transaction", async () => {
    const before = await contents();
    const client = base.$extends(rewrapping).$extends(bus) as unknown as Db;
    const error = await Promise.resolve(write(client)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) expect(await ledger.names()).toHaveLength(1);
    else {
      expect(isEventBusError(error, "TRANSACTION_ESCAPED")).toBe(true);
      expect(await contents()).toEqual(before);
    }
  });

  it("is refused in a batch of the client that was extended", async () => {
    const before = await contents();
    const client = base.$extends(bus) as unknown as Db;
    const failure = base.$transaction([base.user.count(), write(client) as Prisma.PrismaPromise<unknown>]);
    await expect(failure).rejects.toSatisfy((error) => isEventBusError(error, "TRANSACTION_ESCAPED"));
    expect(await contents()).toEqual(before);
  });

  it("is refused in a batch of the client that was extended, inside of its transaction", async () => {
    const before = await contents();
    const client = base.$extends(bus) as unknown as Db;
    const failure = base.$transaction((tx) =>
      tx.$transaction([tx.user.count(), write(client) as Prisma.PrismaPromise<unknown>]),
    );
    await expect(failure).rejects.toThrow();
    expect(await contents()).toEqual(before);
  });
});

describe("$transaction", () => {
  it("that a later extension passes on to its parent keeps batches whole", async () => {
    const client = base.$extends(bus).$extends((parent) =>
      parent.$extends({
        client: {
          $transaction: ((input: never, options: never) => parent.$transaction(input, options)) as never,
        },
      }),
    ) as unknown as Db;
    await client.$transaction([client.user.update({ where, data: { name: "Ann" } })]);
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });

  it("that a later extension passes on to the base client is refused for writes", async () => {
    const before = await contents();
    const client = base.$extends(bus).$extends({
      client: {
        $transaction: ((input: never, options: never) => base.$transaction(input, options)) as never,
      },
    }) as unknown as Db;
    const failure = client.$transaction([client.user.update({ where, data: { name: "Ann" } })]);
    await expect(failure).rejects.toSatisfy((error) => isEventBusError(error, "TRANSACTION_ESCAPED"));
    expect(await contents()).toEqual(before);
  });

  it("of the client that was extended takes reads of the extended one", async () => {
    const client = base.$extends(bus);
    expect(await base.$transaction([client.user.count(), base.user.count()])).toEqual([1, 1]);
  });
});
