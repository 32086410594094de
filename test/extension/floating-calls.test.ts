import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);
await ledger.watch("users");

type Tx = Parameters<Parameters<typeof prisma.$transaction>[0]>[0];

const data = { email: "ann@example.org" };
const where = { id: 1 };

const patient = { maxWait: 20_000, timeout: 20_000 };

/** Starts a call and forgets it; what it comes to is waited for by the test only. */
function floating(call: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(call).catch(() => undefined);
}

const writes: readonly (readonly [string, (tx: Tx) => PromiseLike<unknown>])[] = [
  ["create", (tx) => tx.user.create({ data })],
  ["update", (tx) => tx.user.update({ where, data: { name: "Ann" } })],
  ["upsert", (tx) => tx.user.upsert({ where, create: data, update: { name: "Ann" } })],
  ["delete", (tx) => tx.user.delete({ where })],
  [
    "$publish beside a create",
    (tx) => tx.user.create({ data }).then((user) => tx.$publish([]).then(() => user)),
  ],
];

/** Turns of the event loop between the start of the call and the end of the callback. */
const delays = [0, 1, 2, 3, 5, 8];

describe.each(writes)("a call that the callback does not wait for: %s", (operation, write) => {
  beforeEach(async () => {
    await ledger.clear();
    if (operation.includes("create")) return;
    await pool.query("insert into users (email, updated_at) values ('bob@example.org', now())");
    await pool.query("truncate written");
  });

  it.each(delays)("is committed with its event or not at all (%i turns later)", async (turns) => {
    let started: Promise<unknown> | undefined;
    await prisma
      .$transaction(async (tx) => {
        await tx.user.count();
        started = floating(write(tx));
        for (let turn = 0; turn < turns; turn++) await setImmediate();
      })
      .catch(() => undefined);
    await started;
    for (const pair of await ledger.writesAndEvents()) expect(pair).not.toContain(null);
  });

  it.each(delays)(
    "in a nested transaction is committed with its event or not at all (%i turns later)",
    async (turns) => {
      let started: Promise<unknown> | undefined;
      await prisma
        .$transaction(async (tx) => {
          await tx.$transaction(async (nested) => {
            await nested.user.count();
            started = floating(write(nested));
            for (let turn = 0; turn < turns; turn++) await setImmediate();
          });
          await tx.user.count();
        })
        .catch(() => undefined);
      await started;
      const { rows } = await pool.query(
        "select (select count(*)::int from written) as written, (select count(*)::int from event_bus.events) as events",
      );
      expect(rows[0].events).toBe(rows[0].written);
    },
  );

  it.each(delays)("leaves nothing when the callback throws (%i turns later)", async (turns) => {
    let started: Promise<unknown> | undefined;
    const failure = prisma.$transaction(async (tx) => {
      await tx.user.count();
      started = floating(write(tx));
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      throw new Error("roll back");
    });
    await expect(failure).rejects.toThrow("roll back");
    await started;
    expect(await ledger.writesAndEvents()).toEqual([]);
  });
});

describe("a call that the callback does not wait for while it waits for a lock itself", () => {
  beforeEach(async () => {
    await ledger.clear();
    await pool.query("insert into users (email, updated_at) values ('bob@example.org', now())");
    await pool.query("truncate written");
  });

  const endings: readonly (readonly [string, () => void])[] = [
    ["returns", () => undefined],
    [
      "throws",
      () => {
        throw new Error("roll back");
      },
    ],
  ];

  describe.each(endings)("and the callback %s", (ending, end) => {
    it.each(writes.filter(([operation]) => !operation.includes("create")))(
      "%s is committed with its event or not at all",
      async (_, write) => {
        const blocker = await pool.connect();
        await blocker.query("begin; select from users for update");
        let started: Promise<unknown> | undefined;
        let ends: () => void = () => undefined;
        const isEnding = new Promise<void>((resolve) => {
          ends = resolve;
        });
        const outcome = prisma
          .$transaction(async (tx) => {
            started = floating(write(tx));
            await eventually(async () => {
              const { rowCount } = await pool.query(
                "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
              );
              expect(rowCount).toBe(1);
            });
            ends();
            end();
          }, patient)
          .catch((error: unknown) => error);
        await isEnding;
        for (let turn = 0; turn < 10; turn++) await setImmediate();
        await blocker.query("commit");
        blocker.release();
        const error = await outcome;
        if (ending === "throws") expect(error).toMatchObject({ message: "roll back" });
        await started;
        const pairs = await ledger.writesAndEvents();
        for (const pair of pairs) expect(pair).not.toContain(null);
        if (ending === "throws") expect(pairs).toEqual([]);
      },
    );
  });
});

describe("a callback that throws while others of its calls wait", () => {
  it("leaves nothing and lets go of its connection", async () => {
    await ledger.clear();
    await base.user.create({ data });
    const single = openBus(url, { max: 1 });
    const failure = single.$transaction((tx) =>
      Promise.all([
        tx.user.update({ where, data: { name: "1" } }),
        tx.user.update({ where: { id: 99 }, data: { name: "2" } }),
        tx.user.update({ where, data: { name: "3" } }),
      ]),
    );
    await expect(failure).rejects.toMatchObject({ code: "P2025" });
    expect(await ledger.names()).toEqual([]);
    expect(await single.user.findMany()).toMatchObject([{ name: null }]);
  });
});
