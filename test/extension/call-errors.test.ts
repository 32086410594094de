import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { publish } from "../../src/extension/publish.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import type { Interruption } from "./support/interrupted.js";
import { Ledger } from "./support/ledger.js";

// What PostgreSQL says to statements of ours is told as of the call that they belong to.

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const interruption: Interruption = { before: undefined };
const logged: string[] = [];
const base = openClient(url, {
  interruption,
  client: { log: [{ emit: "event", level: "error" }] },
});
base.$on("error" as never, ({ message, target }: { message: string; target: string }) => {
  logged.push(`${target}: ${message}`);
});
const bus = base.$extends(eventBus({ events, capture: allRules }));
const plain = openClient(url);

type Tx = Parameters<Parameters<BusClient["$transaction"]>[0]>[0];
const where = { id: 1 };

const calls: readonly (readonly [string, string, (tx: Pick<Tx, "user" | "post">) => PromiseLike<unknown>])[] =
  [
    ["update", "User", (tx) => tx.user.update({ where, data: { name: "x" } })],
    ["upsert", "User", (tx) => tx.user.upsert({ where, create: { email: "n" }, update: { name: "x" } })],
    ["delete", "User", (tx) => tx.user.delete({ where })],
    ["updateMany", "User", (tx) => tx.user.updateMany({ data: { name: "x" } })],
    ["updateManyAndReturn", "User", (tx) => tx.user.updateManyAndReturn({ data: { name: "x" } })],
    ["deleteMany", "User", (tx) => tx.user.deleteMany({ where })],
    ["create", "User", (tx) => tx.user.create({ data: { email: "n" } })],
    ["createMany", "User", (tx) => tx.user.createMany({ data: [{ email: "n" }] })],
    [
      "nested update",
      "User",
      (tx) =>
        tx.user.update({ where, data: { posts: { update: { where: { id: 1 }, data: { title: "x" } } } } }),
    ],
    ["connect", "Post", (tx) => tx.post.update({ where, data: { author: { connect: { id: 2 } } } })],
  ];

beforeEach(async () => {
  interruption.before = undefined;
  await ledger.clear();
  await pool.query(`insert into users (email, updated_at) values ('a', now()), ('b', now());
    insert into "Post" (title, "authorId") values ('a', 1)`);
  logged.length = 0;
});

const failureOf = (promise: PromiseLike<unknown>): Promise<Error & { code?: string; meta?: object }> =>
  Promise.resolve(promise).then(
    () => {
      throw new Error("expected it to fail");
    },
    (error) => error,
  );

/** Has PostgreSQL refuse the statement number `at` of a transaction, counted from BEGIN. */
function refuse(at: number, state: string): { came: boolean } {
  const progress = { came: false };
  let number = 0;
  interruption.before = async (statement) => {
    if (statement.startsWith("BEGIN")) number = 0;
    number += 1;
    // The connection must come back from it as it should.
    if (number !== at || /^(BEGIN|COMMIT|ROLLBACK)/.test(statement)) return;
    interruption.before = undefined;
    progress.came = true;
    throw Object.assign(new Error(`refused ${state}`), { code: state, severity: "ERROR" });
  };
  return progress;
}

const states: readonly (readonly [string, string, RegExp])[] = [
  ["40001", "P2034", /Transaction failed due to a write conflict or a deadlock/],
  ["40P01", "P2034", /Transaction failed due to a write conflict or a deadlock/],
  ["57014", "P2039", /Database error\. Code: `57014`\. Message: `refused 57014`/],
  ["28000", "P1010", /User was denied access on the database/],
];

describe.each(calls)("%s", (name, model, call) => {
  const operation = (/(\w+)$/.exec(name)?.[1] ?? "").replace("connect", "update");

  it.each(states)(
    "whichever statement meets %s fails with %s in a transaction",
    async (state, code, message) => {
      let refused = 0;
      for (let at = 2; at < 20; at++) {
        logged.length = 0;
        const progress = refuse(at, state);
        const outcome = await bus
          .$transaction((tx) => Promise.resolve(call(tx as unknown as Tx)), { timeout: 20_000 })
          .then(
            () => undefined,
            (error) => error as Error & { code?: string; meta?: object },
          );
        interruption.before = undefined;
        // Of COMMIT, and of what is behind it.
        if (!progress.came || outcome?.name === "DriverAdapterError" || outcome?.cause !== undefined) break;
        refused += 1;
        expect(outcome).toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
        expect([at, outcome?.code, outcome?.meta]).toMatchObject([at, code, { modelName: model }]);
        expect(outcome?.message).toMatch(message);
        expect(outcome?.message).toMatch(new RegExp(`Invalid \`.*\\.${operation}\\(\\)\` invocation`, "s"));
        expect(outcome?.message).not.toContain("RawUnsafe");
        expect(logged.join("\n")).not.toContain("RawUnsafe");
        expect(logged).toHaveLength(1);
        expect(await ledger.names()).toEqual([]);
      }
      expect(refused).toBeGreaterThan(1);
    },
  );

  it("runs again by itself when a statement of ours meets a conflict and it is alone", async () => {
    // The first statement after BEGIN is ours, but for creations, where it is the one that publishes.
    refuse(name.startsWith("create") ? 3 : 2, "40P01");
    const answer = await Promise.resolve(call(bus as unknown as Tx)).then(
      () => "done",
      (error: { code?: string }) => error.code,
    );
    // Bulk calls look for their rows with a query of Prisma's own.
    expect(["done", "P2034"]).toContain(answer);
    if (!name.includes("Many")) expect(answer).toBe("done");
    if (answer === "done") expect((await ledger.names()).length).toBeGreaterThan(0);
  });
});

describe("publishing", () => {
  const event = () =>
    allRules.Label.create({ id: 1, name: "x" } as never, { aggregateKey: "1" } as never) as never;

  it.each([
    ["$publish", (tx: Tx) => tx.$publish(event())],
    ["publish with a client without the extension", undefined],
  ] as const)("in a transaction that PostgreSQL has doomed fails with P2034: %s", async (_, run) => {
    const publishes = (tx: object) => (run === undefined ? publish(tx as never, event()) : run(tx as Tx));
    const client = (run === undefined ? plain : bus) as unknown as BusClient;
    const first = client.$transaction(
      async (tx) => {
        await tx.user.findUnique({ where: { id: 2 } });
        await tx.$executeRaw`update users set name = 'x' where id = 1`;
        await plain.$transaction(
          async (other) => {
            await other.user.findUnique({ where: { id: 1 } });
            await other.$executeRaw`update users set name = 'y' where id = 2`;
          },
          { isolationLevel: "Serializable" },
        );
        await publishes(tx);
      },
      { isolationLevel: "Serializable" },
    );
    const failure = await failureOf(first);
    expect(failure).toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
    expect(failure.code).toBe("P2034");
    expect(failure.message).not.toContain("RawUnsafe");
    expect(logged.join("\n")).not.toContain("RawUnsafe");
  });
});

describe("a deleteMany whose rows bring others along", () => {
  it("fails with P2034 when one of those has changed since the snapshot", async () => {
    const failure = await failureOf(
      bus.$transaction(
        async (tx) => {
          await tx.user.findMany();
          await plain.post.updateMany({ data: { title: "y" } });
          await tx.user.deleteMany({ where });
        },
        { isolationLevel: "RepeatableRead" },
      ),
    );
    expect(failure).toMatchObject({ code: "P2034", meta: { modelName: "User" } });
    expect(failure.message).toMatch(/user\.deleteMany\(\)` invocation/);
  });
});
