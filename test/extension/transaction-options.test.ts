import { beforeEach, describe, expect, it } from "vitest";

import type { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);

// What a transaction runs at, noted by a trigger in the transaction itself.
await pool.query(`
  create table levels (level text);
  create function note_level() returns trigger language plpgsql as $$ begin
    insert into levels values (current_setting('transaction_isolation'));
    return null;
  end $$;
  create trigger note_level after insert on users for each row execute function note_level()`);
const levels = async () => (await pool.query("select level from levels")).rows.map(({ level }) => level);

const create = (db: Pick<typeof prisma, "user">) => db.user.create({ data: { email: "ann@example.org" } });

/** For a transaction whose own limits are not the subject. */
const patient = { maxWait: 20_000, timeout: 20_000 };

beforeEach(() => ledger.clear());

describe.each(["ReadUncommitted", "ReadCommitted", "RepeatableRead", "Serializable"] as const)(
  "%s",
  (isolationLevel) => {
    const level = isolationLevel.replace(/(?<=[a-z])(?=[A-Z])/, " ").toLowerCase();

    it("holds in an interactive transaction", async () => {
      await prisma.$transaction((tx) => create(tx), { isolationLevel });
      expect(await levels()).toEqual([level]);
      expect(await ledger.names()).toEqual(["UserCreated"]);
    });

    it("holds in a nested transaction", async () => {
      await prisma.$transaction((tx) => tx.$transaction((nested) => create(nested)), { isolationLevel });
      expect(await levels()).toEqual([level]);
    });

    it("holds in a batch", async () => {
      await prisma.$transaction([prisma.user.count(), create(prisma)], { isolationLevel });
      expect(await levels()).toEqual([level]);
    });
  },
);

describe("timeout", () => {
  it("of the caller's transaction holds", async () => {
    const timeout = prisma.$transaction(
      async (tx) => {
        await create(tx);
        await tx.$queryRaw`select 1 as one from pg_sleep(0.3)`;
        await tx.user.update({ where: { email: "ann@example.org" }, data: { name: "late" } });
      },
      { timeout: 100 },
    );
    await expect(timeout).rejects.toMatchObject({ code: "P2028" });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("of the client's default holds in transactions of the caller", async () => {
    const client = openBus(url, { client: { transactionOptions: { timeout: 100 } } });
    const timeout = client.$transaction(async (tx) => {
      await tx.$queryRaw`select 1 as one from pg_sleep(0.3)`;
      await create(tx);
    });
    await expect(timeout).rejects.toMatchObject({ code: "P2028" });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  /** Each insertion of a user takes 0.4 s, in the statement itself, while `run` runs. */
  const whileInsertionsAreSlow = async (run: () => Promise<void>) => {
    await pool.query(`
      create or replace function sleep_a_little() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.4); return null; end $$;
      create trigger sleep_a_little after insert on users for each row execute function sleep_a_little()`);
    try {
      await run();
    } finally {
      await pool.query("drop trigger sleep_a_little on users");
    }
  };

  it("of our own transaction is that of the option", async () => {
    const impatient = base.$extends(eventBus({ events, capture: rules, transaction: { timeoutMs: 100 } }));
    await whileInsertionsAreSlow(async () => {
      await expect(create(impatient)).rejects.toMatchObject({ code: "P2028" });
    });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("of our own transaction does not count the time that hooks of other extensions take: it is over by then", async () => {
    let seen: unknown;
    const extended = base.$extends(eventBus({ events, capture: rules })).$extends({
      query: {
        user: {
          async create({ args, query }) {
            const user = await query(args);
            seen = await ledger.counts();
            return user;
          },
        },
      },
    });
    await create(extended);
    expect(seen).toEqual({ rows: 1, events: 1, jobs: 0 });
  });

  it("of the client's default does not cut a bare call short, which has none without the extension", async () => {
    const client = openBus(url, { client: { transactionOptions: { timeout: 100, maxWait: 100 } } });
    await whileInsertionsAreSlow(async () => {
      await create(client);
    });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 1, jobs: 0 });
  });

  it("does not apply to batches, as without the extension", async () => {
    const client = openBus(url, { client: { transactionOptions: { timeout: 100 } } });
    const vanilla = openClient(url, { client: { transactionOptions: { timeout: 100 } } });
    const outcome = (db: Pick<typeof client, "$transaction" | "$queryRaw" | "user">) =>
      db
        .$transaction([
          db.user.upsert({ where: { id: 1 }, create: { email: "a" }, update: { name: "x" } }),
          db.$queryRaw`select 1 from pg_sleep(0.3)`,
          db.user.count(),
        ])
        .then(
          () => "done",
          (error: unknown) => (error as Prisma.PrismaClientKnownRequestError).code,
        );
    expect(await outcome(client)).toBe(await outcome(vanilla as never));
  });
});

describe("maxWait", () => {
  it("of the client's default applies to batches and bare calls as without the extension", async () => {
    const options = { max: 1, client: { transactionOptions: { maxWait: 50, timeout: 5_000 } } };
    const outcomes = async (client: Pick<typeof prisma, "$transaction" | "user">) => {
      await ledger.clear();
      const outcome = (call: PromiseLike<unknown>) =>
        Promise.resolve(call).then(
          () => "done",
          (error: unknown) => (error as Prisma.PrismaClientKnownRequestError).code,
        );
      const [batch, bare] = await client.$transaction(async (tx) => {
        const waiting = [
          [outcome(client.$transaction([client.user.count(), create(client)]))],
          [outcome(client.user.create({ data: { email: "bob@example.org" } }))],
        ] as const;
        await tx.$queryRaw`select 1 as one from pg_sleep(0.3)`;
        return waiting;
      }, patient);
      return { batch: await batch[0], bare: await bare[0] };
    };
    const without = await outcomes(openClient(url, options) as unknown as typeof prisma);
    expect(await outcomes(openBus(url, options))).toEqual(without);
  });

  it("of the caller's transaction holds", async () => {
    const client = openBus(url, { max: 1 });
    await client.$transaction(async () => {
      const second = client.$transaction((tx) => create(tx), { maxWait: 50 });
      await expect(second).rejects.toMatchObject({ code: "P2028" });
    }, patient);
    expect(await ledger.names()).toEqual([]);
  });

  it("of our own transaction is that of the option", async () => {
    const client = openClient(url, { max: 1 }).$extends(
      eventBus({ events, capture: rules, transaction: { maxWaitMs: 50 } }),
    );
    await client.$transaction(async () => {
      await expect(create(client)).rejects.toMatchObject({ code: "P2028" });
    }, patient);
    expect(await ledger.names()).toEqual([]);
  });
});
