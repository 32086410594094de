import type pg from "pg";
import { beforeEach, describe, expect, it } from "vitest";

import { assertCompatibleClient } from "../../../src/delivery/compatible-client.js";
import { isEventBusError } from "../../../src/errors.js";
import { TRANSACTION_IDENTITY } from "../../../src/outbox/transaction-identity.js";
import { testDatabase } from "../../support/database.js";
import { type BusClient, openBus } from "../support/clients.js";
import { breakConnection } from "../support/interrupted.js";
import { Ledger } from "../support/ledger.js";

// How many statements the check of Prisma's private steps costs: each client pays them once.
const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const CHECK = [TRANSACTION_IDENTITY, TRANSACTION_IDENTITY];
const data = { email: "new@example.org" };

beforeEach(async () => {
  await ledger.clear();
  await pool.query("insert into users (email, updated_at) values ('one@example.org', now())");
});

const calls: readonly (readonly [string, (db: BusClient) => PromiseLike<unknown>])[] = [
  ["create", (db) => db.user.create({ data })],
  ["update", (db) => db.user.update({ where: { id: 1 }, data: { name: "x" } })],
  ["createMany", (db) => db.user.createMany({ data: [data] })],
  ["updateMany", (db) => db.user.updateMany({ data: { name: "x" } })],
  ["create in a transaction", (db) => db.$transaction((tx) => tx.user.create({ data }))],
  ["create in a batch", (db) => db.$transaction([db.user.create({ data })])],
];

describe("the self-check", () => {
  it.each(calls)(
    "sends two statements at the first captured call, beside the one that reads the catalog: %s",
    async (_, call) => {
      const statements: string[] = [];
      const db = openBus(url, { statements });
      expect(statements).toEqual([]);
      await call(db);
      const first = statements.splice(0);
      await pool.query("delete from users where email = $1", [data.email]);
      await pool.query("update users set name = null");
      await call(db);
      const [begin, ...second] = statements;
      const catalog = expect.stringMatching(/^\s*with recursive reached/);
      expect(first).toEqual([begin, ...CHECK, catalog, ...second]);
    },
  );

  it("sends them in a transaction of its own before the first batch", async () => {
    const statements: string[] = [];
    const db = openBus(url, { statements });
    await db.$transaction([db.user.count(), db.user.create({ data })]);
    expect(statements.slice(0, 5)).toEqual(["BEGIN", ...CHECK, "COMMIT", "BEGIN"]);
    expect(statements.slice(5)).not.toContain(TRANSACTION_IDENTITY);
  });

  it("lets the first batch begin with a statement that PostgreSQL takes only as the first", async () => {
    const db = openBus(url);
    const [, level] = await db.$transaction([
      db.$executeRaw`set transaction isolation level repeatable read`,
      db.$queryRaw`show transaction_isolation`,
      db.user.create({ data }),
    ]);
    expect(level).toEqual([{ transaction_isolation: "repeatable read" }]);
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });

  const ways: readonly (readonly [string, (db: BusClient) => PromiseLike<unknown>])[] = [
    ["alone", (db) => db.user.create({ data })],
    ["in a transaction", (db) => db.$transaction((tx) => tx.user.create({ data }))],
    ["in a batch", (db) => db.$transaction([db.user.count(), db.user.create({ data })])],
  ];

  it.each(ways.flatMap(([way, call]) => [1, 2].map((nth) => [nth, way, call] as const)))(
    "fails with the call when the connection breaks at its statement %i, and is made again for the next call: %s",
    async (nth, _, call) => {
      let seen = 0;
      const before = async (text: string, client: pg.Client) => {
        if (text === TRANSACTION_IDENTITY && ++seen === nth) breakConnection(client);
      };
      const db = openBus(url, { interruption: { before } });
      const failure = await Promise.resolve(call(db)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(isEventBusError(failure)).toBe(false);
      expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
      await call(db);
      expect(await ledger.names()).toEqual(["UserCreated"]);
    },
  );

  it("is made again after a failure that looked like a missing step", async () => {
    let seen = 0;
    const before = async (text: string) => {
      if (text === TRANSACTION_IDENTITY && ++seen === 2) throw new Error("Query read timeout");
    };
    const db = openBus(url, { interruption: { before } });
    await expect((async () => db.user.create({ data }))()).rejects.toMatchObject({
      code: "PRISMA_INCOMPATIBLE",
    });
    await db.user.create({ data });
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });

  it("is made by each call until one has passed it, so that none waits for the transaction of another", async () => {
    const lock = await pool.connect();
    await lock.query("select pg_advisory_lock(1)");
    const db = openBus(url);
    let waits = (): void => undefined;
    const isWaiting = new Promise<void>((resolve) => {
      waits = resolve;
    });
    const waiting = db.$transaction(
      async (tx) => {
        const locked = tx.$queryRaw`select pg_advisory_xact_lock(1)::text`;
        const made = tx.user.create({ data: { email: "a" } });
        waits();
        await Promise.all([locked, made]);
      },
      { timeout: 240_000 },
    );
    await isWaiting;
    await db.user.create({ data: { email: "b" } });
    expect(await ledger.names()).toEqual(["UserCreated"]);
    await lock.query("select pg_advisory_unlock(1)");
    lock.release();
    await waiting;
    expect(await ledger.names()).toEqual(["UserCreated", "UserCreated"]);
  });

  it("sends two statements, in a transaction of its own, when a command asks for it", async () => {
    const statements: string[] = [];
    const db = openBus(url, { statements });
    await assertCompatibleClient(db);
    expect(statements.splice(0)).toEqual(["BEGIN", ...CHECK, "COMMIT"]);
    await db.user.create({ data });
    expect(statements).not.toContain(TRANSACTION_IDENTITY);
  });
});
