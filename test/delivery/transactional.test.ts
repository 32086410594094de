import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { type Prisma, PrismaClient } from "../../prisma/generated/client/client.js";
import type { DeliverDeps } from "../../src/delivery/deliver-deps.js";
import { eventBus } from "../../src/extension/event-bus.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { fixed } from "../../src/registry/backoff.js";
import { eventsFor } from "../../src/registry/define-event.js";
import type { TransactionalContext } from "../../src/registry/handler-context.js";
import type { TransactionOf } from "../../src/registry/register.js";
import { testDatabase } from "../support/database.js";
import { deliverFixture } from "./deliver-fixture.js";

const { pool, url } = await testDatabase();
const { enqueue: enqueueAny, deps, executor, names, reports } = deliverFixture(pool);
const { defineEvent } = eventsFor<Prisma.TypeMap>();
const BalanceChanged = defineEvent("BalanceChanged", { model: "Balance" });
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) }).$extends(
  eventBus({
    events: [BalanceChanged],
    capture: { Balance: { create: BalanceChanged, update: BalanceChanged } },
  }),
);
type Tx = TransactionOf<typeof prisma>;
afterAll(() => prisma.$disconnect());

beforeEach(async () => {
  await pool.query(
    `truncate event_bus.events, event_bus.deliveries, graphile_worker._private_jobs, "Balance"`,
  );
  await pool.query(`insert into "Balance" ("userId") values (1)`);
});

const orders = async () =>
  (await pool.query(`select orders from "Balance" where "userId" = 1`)).rows[0]?.orders;
const count = (tx: Tx) => tx.balance.update({ where: { userId: 1 }, data: { orders: { increment: 1 } } });
const published = async () =>
  (await findEvents(executor, names)).filter(({ name }) => name === "BalanceChanged");

type Options = NonNullable<Parameters<typeof enqueueAny>[1]>;
/** A delivery to a transactional subscriber. */
async function enqueue(handle: (tx: Tx, ctx: TransactionalContext) => unknown, options: Options = {}) {
  const delivery = await enqueueAny((_, ctx) => handle(ctx.tx as unknown as Tx, ctx), {
    retry: { backoff: fixed(0) },
    ...options,
    transactional: true,
  });
  const first = await delivery.due();
  if (first === undefined) throw new Error("nothing is due");
  return {
    ...delivery,
    first,
    next: (overrides: Partial<DeliverDeps> & { readonly deaths?: number } = {}) =>
      delivery.next({ prisma, ...overrides }),
    deliver: (job = first, overrides: Partial<DeliverDeps> = {}) =>
      delivery.deliver(job, { prisma, ...overrides }),
  };
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Resolves when the sessions of `application` wait for a lock. */
const untilBlocked = () =>
  expect
    .poll(
      async () => {
        const { rows } = await pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows.length;
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(0);

describe("a transactional subscriber", () => {
  it("commits what the handler writes, the events of that, and the delivery together", async () => {
    let seen: unknown;
    const delivery = await enqueue(async (tx, ctx) => {
      seen = ctx.attempt;
      await count(tx);
      expect(await orders()).toBe(0);
      expect(await published()).toEqual([]);
      expect((await delivery.row()).state).toBe("waiting");
    });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(seen).toBe(1);
    expect(await orders()).toBe(1);
    expect(await published()).toMatchObject([{ metadata: { causationId: delivery.draft.id } }]);
    expect(await delivery.row()).toMatchObject({
      state: "delivered",
      attempts: 1,
      generation: 1,
      errors: [],
    });
    expect(reports.at(-1)).toMatchObject({ type: "deliver:stop", outcome: "delivered" });
    const { rows } = await pool.query(
      `select (select xmin::text from "Balance" where "userId" = 1) as balance,
              (select xmin::text from event_bus.deliveries) as delivery,
              (select xmin::text from event_bus.events where name = 'BalanceChanged') as event`,
    );
    expect(new Set(Object.values(rows[0])).size).toBe(1);
  });

  it("leaves nothing of a handler that throws, and retries by the policy", async () => {
    const delivery = await enqueue(async (tx, ctx) => {
      await count(tx);
      if (ctx.attempt < 3) throw new Error("no");
    });
    expect(await delivery.next()).toMatchObject({ state: "retrying" });
    expect([await orders(), await published()]).toEqual([0, []]);
    expect(await delivery.next()).toMatchObject({ state: "retrying" });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(await orders()).toBe(1);
    expect(await delivery.row()).toMatchObject({
      state: "delivered",
      attempts: 3,
      generation: 3,
      errorCount: 2,
    });
  });

  it("is dead after the last attempt, with nothing written", async () => {
    const delivery = await enqueue(
      async (tx) => {
        await count(tx);
        throw new Error("no");
      },
      { retry: { maxAttempts: 1 } },
    );
    expect(await delivery.next()).toMatchObject({ state: "dead" });
    expect(await orders()).toBe(0);
    expect(await delivery.row()).toMatchObject({ state: "dead", attempts: 1, errors: [{ message: "no" }] });
  });

  it.each<[string, (ctx: TransactionalContext) => unknown, string, number]>([
    ["cancel", (ctx) => ctx.cancel("not wanted"), "cancelled", 1],
    ["snooze", (ctx) => ctx.snooze(1_000), "snoozed", 0],
    ["retryAfter", (ctx) => ctx.retryAfter(1_000), "retrying", 1],
    [
      "cancel that is caught",
      (ctx) => {
        try {
          ctx.cancel("not wanted");
        } catch {}
      },
      "cancelled",
      1,
    ],
  ])("writes nothing after ctx.%s", async (_, ask, state, attempts) => {
    const delivery = await enqueue(async (tx, ctx) => {
      await count(tx);
      return ask(ctx);
    });
    expect(await delivery.next()).toMatchObject({ state });
    expect([await orders(), await published()]).toEqual([0, []]);
    expect(await delivery.row()).toMatchObject({ state, attempts });
  });

  it("runs at the isolation level that it names", async () => {
    const levels: unknown[] = [];
    const show = async (tx: Tx) => {
      levels.push(await tx.$queryRaw`select current_setting('transaction_isolation') as level`);
    };
    await (await enqueue(show)).next();
    await (await enqueue(show, { isolationLevel: "Serializable" })).next();
    expect(levels).toEqual([[{ level: "read committed" }], [{ level: "serializable" }]]);
  });

  it("has the server end what takes too long, and leaves stricter settings and the next transaction alone", async () => {
    const settings = (tx: Tx) => tx.$queryRaw`
      select current_setting('idle_in_transaction_session_timeout') as idle,
             current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`;
    let seen: unknown;
    const delivery = await enqueue(
      async (tx) => {
        seen = await settings(tx);
      },
      { timeoutMs: 5_000 },
    );
    await delivery.next({ deadAfterMs: 2_000 });
    expect(seen).toEqual([{ idle: "2s", statement: "5s", lock: "0" }]);
    expect(await prisma.$transaction((tx) => settings(tx))).toEqual([
      { idle: "0", statement: "0", lock: "0" },
    ]);

    const strict = await enqueue(async (tx) => {
      seen = await settings(tx);
    });
    await pool.query(
      "do $$ begin execute format('alter database %I set statement_timeout = 1000', current_database()); end $$",
    );
    const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
    try {
      await strict.next({ prisma: client, deadAfterMs: 2_000 });
      expect(seen).toEqual([{ idle: "2s", statement: "1s", lock: "0" }]);
    } finally {
      await client.$disconnect();
      await pool.query(
        "do $$ begin execute format('alter database %I reset statement_timeout', current_database()); end $$",
      );
    }
  });
});

describe("the same transactional delivery twice", () => {
  it("one after the other has its effects once", async () => {
    let calls = 0;
    const delivery = await enqueue(async (tx) => {
      calls += 1;
      await count(tx);
    });
    expect(await delivery.deliver()).toEqual({ state: "delivered" });
    expect(await delivery.deliver()).toEqual({ state: "stale" });
    expect([calls, await orders()]).toEqual([1, 1]);
  });

  it.each([
    ["that nothing happened to yet", false],
    ["that has failed before", true],
  ])("at the same time has its effects once, for a delivery %s", async (_, failsFirst) => {
    let isFirst = failsFirst;
    let calls = 0;
    const { opened, open } = gate();
    const delivery = await enqueue(async (tx) => {
      if (isFirst) throw new Error("no");
      calls += 1;
      await count(tx);
      await opened;
    });
    if (failsFirst) await delivery.next();
    isFirst = false;
    const job = await delivery.due();
    const both = ["a", "b"].map((worker) => delivery.deliver(job, { worker }));
    await untilBlocked();
    open();
    const states = (await Promise.all(both)).map(({ state }) => state);
    expect(states.sort()).toEqual(["delivered", "stale"]);
    expect([calls, await orders()]).toEqual([1, 1]);
  });

  it("at the same time runs the second when the first one fails", async () => {
    let calls = 0;
    const { opened, open } = gate();
    const delivery = await enqueue(async (tx) => {
      calls += 1;
      await count(tx);
      if (calls > 1) return;
      await opened;
      throw new Error("no");
    });
    // What the first says of itself comes too late: it would overtake the second now and then.
    const settle: typeof deps.outbox.settle = (settlement) =>
      Promise.race(both).then(() => deps.outbox.settle(settlement));
    const outbox = { ...deps.outbox, settle };
    const both = ["a", "b"].map((worker) => delivery.deliver(delivery.first, { worker, outbox }));
    await untilBlocked();
    open();
    const states = (await Promise.all(both)).map(({ state }) => state);
    expect(states.sort()).toEqual(["delivered", "stale"]);
    expect(await orders()).toBe(1);
  });

  it("waits no longer than it must for a worker that is heard of no more", async () => {
    const { opened, open } = gate();
    let calls = 0;
    const delivery = await enqueue(async (tx) => {
      calls += 1;
      await count(tx);
      if (calls === 1) await opened;
    });
    const silent = delivery.deliver(delivery.first, { worker: "a", deadAfterMs: 300 });
    await expect.poll(() => calls).toBe(1);
    // The server ends the transaction of the first, and lets the second one in.
    expect(await delivery.deliver(delivery.first, { worker: "b" })).toEqual({ state: "delivered" });
    open();
    expect(await silent).toEqual({ state: "stale" });
    expect([calls, await orders()]).toEqual([2, 1]);
    expect(await delivery.row()).toMatchObject({ state: "delivered", attempts: 1, errors: [] });
  });
});

describe("a statement that fails", () => {
  it("and is caught by the handler ends in a retry, not in a delivery without effects", async () => {
    const delivery = await enqueue(async (tx, ctx) => {
      await count(tx);
      if (ctx.attempt === 1) await tx.$executeRaw`select 1/0`.catch(() => undefined);
    });
    expect(await delivery.next()).toMatchObject({
      state: "retrying",
      thrown: { code: "TRANSACTION_ABORTED" },
    });
    expect(await orders()).toBe(0);
    expect(await delivery.row()).toMatchObject({
      state: "retrying",
      errors: [{ message: expect.stringContaining("PostgreSQL has rolled back everything") }],
    });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(await orders()).toBe(1);
  });

  it("in a nested transaction that the handler gives up leaves the rest", async () => {
    const delivery = await enqueue(async (tx) => {
      await tx.$transaction((inner) => inner.$executeRaw`select 1/0`).catch(() => undefined);
      await count(tx);
    });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(await orders()).toBe(1);
  });
});

describe("a transaction that others get in the way of", () => {
  it("runs again at once, without using up an attempt", async () => {
    let runs = 0;
    const delivery = await enqueue(
      async (tx) => {
        runs += 1;
        if (runs <= 2) await pool.query(`update "Balance" set orders = orders + 10`);
        await count(tx);
      },
      { isolationLevel: "RepeatableRead" },
    );
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect([runs, await orders()]).toEqual([3, 21]);
    expect(await delivery.row()).toMatchObject({ attempts: 1, errors: [] });
  });

  it("fails the attempt when that does not end", async () => {
    let runs = 0;
    const delivery = await enqueue(
      async (tx) => {
        runs += 1;
        await pool.query(`update "Balance" set orders = orders + 10`);
        await count(tx);
      },
      { isolationLevel: "RepeatableRead" },
    );
    expect(await delivery.next()).toMatchObject({ state: "retrying", thrown: { code: "P2034" } });
    expect([runs, await orders()]).toEqual([6, 60]);
  });

  it("runs again when the handler wraps what was thrown", async () => {
    let runs = 0;
    const delivery = await enqueue(
      async (tx) => {
        runs += 1;
        if (runs === 1) await pool.query(`update "Balance" set orders = orders + 10`);
        await count(tx).catch((cause: unknown) => {
          throw new Error("cannot count", { cause });
        });
      },
      { isolationLevel: "RepeatableRead" },
    );
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(runs).toBe(2);
  });
});

describe("a transaction that is cut off", () => {
  it("at the handler's time limit leaves nothing", async () => {
    const delivery = await enqueue(
      async (tx) => {
        await count(tx);
        await new Promise(() => undefined);
      },
      { timeoutMs: 100 },
    );
    expect(await delivery.next()).toMatchObject({ state: "retrying", thrown: { code: "HANDLER_TIMEOUT" } });
    expect(await orders()).toBe(0);
  });

  it("by the worker's stop leaves nothing, and the delivery to others", async () => {
    const shutdown = new AbortController();
    const delivery = await enqueue(async (tx) => {
      await count(tx);
      shutdown.abort();
      await new Promise(() => undefined);
    });
    expect(await delivery.next({ signal: shutdown.signal, graceMs: 20 })).toMatchObject({
      state: "snoozed",
      dueMs: 0,
    });
    expect(await orders()).toBe(0);
    expect(await delivery.row()).toMatchObject({ attempts: 0 });
  });

  it("by a connection that breaks is tried again", async () => {
    const delivery = await enqueue(async (tx, ctx) => {
      await count(tx);
      if (ctx.attempt > 1) return;
      const [backend] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await pool.query("select pg_terminate_backend($1)", [backend?.pid]);
    });
    expect(await delivery.next()).toMatchObject({ state: "retrying" });
    expect(await orders()).toBe(0);
    // The pool may hand out the broken connection once more, before it has heard of its end.
    expect(await delivery.next({ patienceMs: 10_000 })).toEqual({ state: "delivered" });
    expect(await orders()).toBe(1);
  });

  it("after its commit, whose answer is lost, is delivered", async () => {
    const delivery = await enqueue((tx) => count(tx));
    const losing = {
      async $transaction(...args: Parameters<typeof prisma.$transaction>) {
        await Reflect.apply(prisma.$transaction, prisma, args);
        throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
      },
    };
    expect(await delivery.next({ prisma: losing })).toEqual({ state: "delivered" });
    expect(await delivery.row()).toMatchObject({
      state: "delivered",
      generation: 1,
      attempts: 1,
      errors: [],
    });
    expect(await orders()).toBe(1);
  });

  it("before its handler is called is begun again, and is no attempt", async () => {
    const delivery = await enqueue((tx) => count(tx));
    let refusals = 2;
    const refusing = {
      $transaction: (...args: Parameters<typeof prisma.$transaction>) =>
        refusals-- > 0
          ? Promise.reject(Object.assign(new Error("no connection is free"), { code: "P2028" }))
          : Reflect.apply(prisma.$transaction, prisma, args),
    };
    expect(await delivery.next({ prisma: refusing, patienceMs: 10_000 })).toEqual({ state: "delivered" });
    expect(await delivery.row()).toMatchObject({ attempts: 1, errors: [] });
    expect(await orders()).toBe(1);
  });
});

describe("a client without transactions", () => {
  it("is refused, and is no attempt", async () => {
    const delivery = await enqueue(() => undefined);
    await expect(delivery.next({ prisma: {} })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("has no $transaction"),
    });
    expect(await delivery.row()).toMatchObject({ state: "waiting", attempts: 0 });
  });
});
