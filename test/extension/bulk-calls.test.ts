import { skip as skipped } from "@prisma/client/runtime/client";
import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { ROWS_PER_STATEMENT } from "../../src/extension/rows/read-rows.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import {
  allRules,
  events,
  UserCreated,
  UserRenamed,
  UserTouched,
  UserUpdated,
  unusualRules,
} from "./support/events.js";
import { Ledger } from "./support/ledger.js";
import { whileOtherHolds } from "./support/waiting.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const base = openClient(url, { statements });
const { User, Seat } = allRules;
const { Parcel } = unusualRules;
const capture = { User, Seat, Parcel };
const prisma = base.$extends(eventBus({ events, capture }));
const all = { name: "all" };

/** So many users. */
const users = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ email: `${index + 1}`, name: `${index + 1}` }));

beforeEach(async () => {
  await ledger.clear();
  // A client's first delete asks PostgreSQL once which foreign keys there are.
  await prisma.user.create({ data: { email: "first" } });
  await prisma.user.deleteMany();
  await ledger.clear();
});

const summary = async () =>
  (await ledger.events()).map(({ operation, aggregateKey, initialData }) => [
    operation,
    aggregateKey,
    initialData,
  ]);

describe("statements", () => {
  const isControl = (text: string) => /^(begin|commit)$/i.test(text);
  async function sent(call: () => PromiseLike<unknown>): Promise<number> {
    statements.length = 0;
    await call();
    return statements.filter((text) => !isControl(text)).length;
  }

  it.each([0, 1, ROWS_PER_STATEMENT, ROWS_PER_STATEMENT + 1, 2 * ROWS_PER_STATEMENT + 1])(
    "grow by parts only: %i rows",
    async (rows) => {
      const parts = Math.ceil(rows / ROWS_PER_STATEMENT);
      expect(await sent(() => prisma.user.createMany({ data: users(rows) }))).toBe(2 * parts);
      // Without a row Prisma is asked all the same, so that it says what it has to say about the arguments.
      const some = (each: number) => (rows === 0 ? 2 : 1 + each * parts);
      expect(await sent(() => prisma.user.updateMany({ data: { role: "ADMIN" } }))).toBe(some(3));
      expect(await sent(() => prisma.user.updateMany({ data: { role: "ADMIN" } }))).toBe(some(2));
      expect(await sent(() => prisma.user.deleteMany())).toBe(some(3));
      expect((await ledger.names()).length).toBe(3 * rows);
    },
  );

  it("are those of Prisma alone for what another extension answers", async () => {
    const answering = prisma.$extends({ query: { user: { updateMany: async () => ({ count: 7 }) } } });
    expect(
      await sent(async () => expect(await answering.user.updateMany({ data: all })).toEqual({ count: 7 })),
    ).toBe(0);
    expect(await ledger.names()).toEqual([]);
  });
});

describe("a call of more rows than one part", () => {
  const rows = 2 * ROWS_PER_STATEMENT + 1;

  it("publishes them in the order of the key, and gives all of them back", async () => {
    const created = await prisma.user.createManyAndReturn({
      data: users(rows),
      select: { id: true, email: true },
    });
    expect(created.map(({ email }) => email)).toEqual(users(rows).map(({ email }) => email));
    expect(Object.keys(created[0] ?? {})).toEqual(["id", "email"]);
    const updated = await prisma.user.updateManyAndReturn({ data: { name: "x" }, omit: { id: true } });
    expect(updated).toHaveLength(rows);
    expect(await prisma.user.deleteMany({ limit: rows - 1 })).toEqual({ count: rows - 1 });
    const keys = users(rows).map((_, index) => String(index + 1));
    expect((await ledger.events()).map(({ aggregateKey }) => aggregateKey)).toEqual([
      ...keys,
      ...keys,
      ...keys.slice(0, -1),
    ]);
    expect(await base.user.count()).toBe(1);
  });

  it.each([
    ["cannot be stored", { name: "x".repeat(2_000) }, { code: "EVENT_TOO_LARGE" }],
    ["Prisma refuses", { name: 7 as never }, { name: "PrismaClientValidationError" }],
    ["PostgreSQL refuses", { email: "1" }, { code: "P2002" }],
  ])("writes nothing when %s one of the later rows", async (_, last, reason) => {
    const small = base.$extends(eventBus({ events, capture, maxEventBytes: 1_024 }));
    const data = [...users(rows - 1), { email: "last", ...last }];
    await expect(small.user.createMany({ data })).rejects.toMatchObject(reason);
    const caught = small.$transaction(async (tx) => {
      await expect(tx.user.createMany({ data })).rejects.toMatchObject(reason);
    });
    // Whoever goes on all the same, PostgreSQL does not commit a part.
    await caught.catch(() => undefined);
    expect(await ledger.counts()).toMatchObject({ rows: 0, events: 0 });
  });
});

describe("bulk.maxRows", () => {
  const few = base.$extends(eventBus({ events, capture, bulk: { maxRows: 2 } }));
  const refused = { code: "TOO_MANY_ROWS", path: expect.stringContaining("User.") };

  it("refuses more rows before anything is written, and leaves the transaction usable", async () => {
    await base.user.createMany({ data: users(3) });
    const before = await ledger.contents();
    await few.$transaction(async (tx) => {
      await expect(tx.user.createMany({ data: users(3) })).rejects.toMatchObject(refused);
      await expect(tx.user.createManyAndReturn({ data: users(3) })).rejects.toMatchObject(refused);
      await expect(tx.user.updateMany({ data: all })).rejects.toMatchObject(refused);
      await expect(tx.user.updateMany({ data: all, limit: 3 })).rejects.toMatchObject(refused);
      await expect(tx.user.updateManyAndReturn({ data: all })).rejects.toMatchObject(refused);
      await expect(tx.user.deleteMany()).rejects.toThrow(
        /more than 2 rows.*limit: 2.*bulk\.maxRows.*\$withoutEvents/,
      );
    });
    expect(await ledger.contents()).toEqual(before);
    expect(await ledger.names()).toEqual([]);
  });

  it("lets as many pass, and any number that is not captured", async () => {
    await few.user.createMany({ data: users(2) });
    await few.user.updateMany({ data: all, limit: 2 });
    await few.seat.createMany({ data: [{ row: 1, number: 1 }] });
    await few.$withoutEvents(() => few.user.createMany({ data: users(9).slice(2) }));
    await few.post.createMany({ data: users(5).map(({ name }) => ({ title: name, authorId: 1 })) });
    expect(await ledger.names()).toHaveLength(5);
    expect(await few.user.deleteMany({ limit: 2 })).toEqual({ count: 2 });
  });
});

describe("rules and arguments", () => {
  const when = base.$extends(
    eventBus({
      events: [...events, UserRenamed, UserTouched],
      capture: {
        User: {
          create: UserCreated,
          update: [{ event: UserRenamed, when: ({ changes }) => "name" in changes }, UserUpdated],
        },
      },
    }),
  );

  it("decide for each row", async () => {
    await when.user.createMany({
      data: [
        { email: "a", name: "A" },
        { email: "b", name: "B" },
      ],
    });
    await ledger.forgetEvents();
    await when.user.updateMany({ data: { name: "A", role: "ADMIN" } });
    expect(await ledger.names()).toEqual(["UserUpdated", "UserRenamed", "UserUpdated"]);
  });

  it("of the call are heard", async () => {
    await when.$withEventMetadata({ actor: "ann" }, () =>
      when.user.createMany({ data: users(2), event: UserTouched, eventMetadata: { tenant: 7 } }),
    );
    const found = await ledger.events();
    expect(found.map(({ name }) => name)).toEqual([
      "UserTouched",
      "UserCreated",
      "UserTouched",
      "UserCreated",
    ]);
    expect(new Set(found.map(({ metadata }) => JSON.stringify(metadata))).size).toBe(1);
    expect(found[0]?.metadata).toMatchObject({ actor: "ann", tenant: 7 });
  });

  it("publish nothing in $withoutEvents, and for a model without rules nothing but the call's event", async () => {
    await when.$withoutEvents(() => when.user.createMany({ data: users(2) }));
    await when.user.deleteMany({ where: { id: 1 } });
    expect(await ledger.names()).toEqual([]);
    await when.user.deleteMany({ event: UserTouched });
    expect(await summary()).toEqual([["delete", "2", {}]]);
  });
});

describe("old values", () => {
  it("are those of each row where the data depends on it", async () => {
    await base.user.createMany({ data: users(3) });
    await base.parcel.createMany({ data: [1, 2, 3].map((width) => ({ width, note: `${width}` })) });
    await prisma.parcel.updateMany({ data: { width: { multiply: 10 }, note: "new" } });
    const changed = (await ledger.events()).map(({ initialData, changes }) => [initialData, changes]);
    expect(changed).toEqual(
      [1, 2, 3].map((width) => [
        { width, area: width, note: `${width}` },
        { width: width * 10, area: width * 10, note: "new" },
      ]),
    );
  });

  it.each<[string, number[], Prisma.BigIntFieldUpdateOperationsInput | bigint, Prisma.ParcelWhereInput]>([
    ["increment", [1, 2, 5], { increment: 100 }, {}],
    ["decrement onto each other", [1, 2, 3], { decrement: 1 }, {}],
    ["multiply by a negative number", [1, 2, 5], { multiply: -3 }, {}],
    ["divide by a negative number", [10, 20, 30], { divide: -10 }, {}],
    ["set", [1, 2, 5], 77n, { width: 2 }],
    ["set by an operation", [1, 2, 5], { set: 77n }, { width: 2 }],
  ])("belong to their rows when the key changes: %s", async (_, ids, id, where) => {
    await base.parcel.createMany({ data: ids.map((key) => ({ id: key, width: key })) });
    await prisma.parcel.updateMany({ where, data: { id } });
    // The width says which row it was.
    const found = (await ledger.events()).map(({ initialData, aggregate }) => [
      initialData["id"],
      aggregate["id"],
    ]);
    const after = await base.parcel.findMany({ where, orderBy: { width: "asc" } });
    expect(found).toEqual(after.map((row) => [BigInt(row.width), row.id]));
    expect(found).not.toEqual([]);
  });

  it("belong to their rows when a part of the key changes", async () => {
    const seats = [1, 2].flatMap((row) =>
      [1, 2, 3].map((number) => ({ row, number, holder: `${row}-${number}` })),
    );
    await base.seat.createMany({ data: seats });
    await prisma.seat.updateMany({ where: { row: 1 }, data: { row: 7, number: { multiply: -1 } } });
    expect((await ledger.events()).map(({ initialData, aggregate }) => [initialData, aggregate])).toEqual(
      [1, 2, 3].map((number) => [
        { row: 1, number },
        { row: 7, number: -number, holder: `1-${number}` },
      ]),
    );
  });
});

describe("a row that another transaction changes meanwhile", () => {
  /** Runs a call while somebody else has written `set` to the user 2, and commits when the call waits for it. */
  const meanwhile = <T>(set: string, call: () => PromiseLike<T>) => whileOtherHolds(pool, set, call);

  const rename = "update users set name = 'other' where id = 2";
  const where = { name: "old" };

  beforeEach(async () => {
    await base.user.createMany({ data: [1, 2, 3].map((id) => ({ id, email: `${id}`, name: "old" })) });
    await base.seat.createMany({ data: [1, 2, 3].map((number) => ({ row: 1, number, holder: "old" })) });
  });

  it("is left alone where it is not looked for any more", async () => {
    expect(await meanwhile(rename, () => prisma.user.updateMany({ where, data: { name: "new" } }))).toEqual({
      count: 2,
    });
    expect((await summary()).map(([, key]) => key)).toEqual(["1", "3"]);
    await base.user.updateMany({ data: where });
    await ledger.forgetEvents();
    expect(await meanwhile(rename, () => prisma.user.deleteMany({ where }))).toEqual({ count: 2 });
    expect((await summary()).map(([, key]) => key)).toEqual(["1", "3"]);
    expect(await base.user.findMany({ select: { name: true } })).toEqual([{ name: "other" }]);
  });

  it("is left alone where the keys of the others change", async () => {
    const taken = `update "Seat" set holder = 'other' where number = 2`;
    const answer = await meanwhile(taken, () =>
      prisma.seat
        .updateMany({ where: { holder: "old" }, data: { number: { increment: 1 } } })
        .catch(() => "failed"),
    );
    // 1 became 2, which is taken: nothing happened at all. With room for it both others move.
    expect(answer).toBe("failed");
    await base.seat.updateMany({ data: { holder: "old" } });
    expect(
      await meanwhile(taken, () =>
        prisma.seat.updateMany({ where: { holder: "old" }, data: { number: { increment: 10 } } }),
      ),
    ).toEqual({ count: 2 });
    expect(
      (await ledger.events()).map(({ initialData, changes }) => [initialData["number"], changes["number"]]),
    ).toEqual([
      [1, 11],
      [3, 13],
    ]);
  });

  it("is changed from what it has become, where it is still looked for", async () => {
    await meanwhile("update users set nick_name = 'two' where id = 2", () =>
      prisma.user.updateMany({ data: { nickName: "x" } }),
    );
    expect((await ledger.events()).map(({ initialData }) => initialData["nickName"])).toEqual([
      null,
      "two",
      null,
    ]);
  });

  it("is not there when it was deleted", async () => {
    expect(
      await meanwhile("delete from users where id = 2", () =>
        prisma.user.updateMany({ data: { name: "new" } }),
      ),
    ).toEqual({ count: 2 });
    expect((await summary()).map(([, key]) => key)).toEqual(["1", "3"]);
  });

  it("fails the call with P2034 in a transaction that must not see it", async () => {
    const attempt = meanwhile(rename, () =>
      prisma.$transaction((tx) => tx.user.updateMany({ data: { name: "new" } }), {
        isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead,
      }),
    );
    await expect(attempt).rejects.toMatchObject({ code: "P2034" });
    expect(await ledger.names()).toEqual([]);
  });
});

describe("other extensions", () => {
  const operations = [
    "createMany",
    "createManyAndReturn",
    "updateMany",
    "updateManyAndReturn",
    "deleteMany",
  ] as const;
  const calls = (client: Pick<typeof prisma, "user">) => [
    () => client.user.createMany({ data: users(2) }),
    () => client.user.createManyAndReturn({ data: [{ email: "x" }], select: { email: true } }),
    () => client.user.updateMany({ data: { name: "new" } }),
    () =>
      client.user.updateManyAndReturn({ where: { email: "x" }, data: { name: "x" }, select: { name: true } }),
    () => client.user.deleteMany(),
  ];

  it.each(["before", "after"])("see the call and its answer: %s", async (place) => {
    const seen: unknown[] = [];
    const watching = Prisma.defineExtension({
      query: {
        user: {
          async $allOperations({ operation, args, query }) {
            const answer = await query(args);
            seen.push([operation, Object.keys(args), answer]);
            return answer;
          },
        },
      },
    });
    const bus = eventBus({ events, capture });
    const client =
      place === "before" ? base.$extends(watching).$extends(bus) : base.$extends(bus).$extends(watching);
    const answers: unknown[] = [];
    for (const call of calls(client as typeof prisma)) answers.push(await call());
    expect(answers).toEqual([{ count: 2 }, [{ email: "x" }], { count: 3 }, [{ name: "x" }], { count: 3 }]);
    expect(seen).toEqual(
      operations.map((operation, index) => [operation, Object.keys(shownArgs[index] ?? {}), answers[index]]),
    );
    expect(await ledger.names()).toHaveLength(10);
  });
  const shownArgs = [{ data: 0 }, { data: 0, select: 0 }, { data: 0 }, { where: 0, data: 0, select: 0 }, {}];

  it("may change the arguments, and call twice", async () => {
    await base.user.createMany({ data: users(3) });
    const client = prisma.$extends({
      query: {
        user: {
          async updateMany({ args, query }) {
            await query({ ...args, where: { id: 1 } });
            return query({ ...args, where: { id: { gt: 1 } } });
          },
        },
      },
    });
    expect(await client.user.updateMany({ data: { name: "new" } })).toEqual({ count: 2 });
    expect((await summary()).map(([, key]) => key)).toEqual(["1", "2", "3"]);
  });

  it("may hand on a copy of Prisma's own parameters", async () => {
    const copying = prisma.$extends({
      query: {
        user: {
          $allOperations: (async ({ args, query, __internalParams: params }: Copied) =>
            query(args, { ...params, transaction: params.transaction })) as never,
        },
      },
    });
    const answers: unknown[] = [];
    for (const call of calls(copying as unknown as typeof prisma)) answers.push(await call());
    expect(answers).toEqual([{ count: 2 }, [{ email: "x" }], { count: 3 }, [{ name: "x" }], { count: 3 }]);
    expect(await ledger.names()).toHaveLength(10);
  });

  interface Copied {
    readonly args: unknown;
    readonly query: (args: unknown, params: object) => unknown;
    readonly __internalParams: { readonly transaction?: unknown };
  }

  it("that swallow an error cannot have half of a call committed", async () => {
    const swallowing = base.$extends(eventBus({ events, capture, maxEventBytes: 1_024 })).$extends({
      query: { user: { createMany: async ({ args, query }) => query(args).catch(() => ({ count: 0 })) } },
    });
    const data = [{ email: "big", name: "x".repeat(2_000) }];
    expect(await swallowing.user.createMany({ data })).toEqual({ count: 0 });
    await expect(swallowing.$transaction((tx) => tx.user.createMany({ data }))).rejects.toMatchObject({
      code: "EVENT_TOO_LARGE",
    });
    expect(await ledger.counts()).toMatchObject({ rows: 0, events: 0 });
  });
});

describe("Prisma.skip", () => {
  it("is as if nothing were given", async () => {
    const bus = openBus(url);
    await base.user.createMany({ data: users(3) });
    const skip = skipped as never;
    expect(await bus.user.updateMany({ where: skip, data: { name: "x", email: skip }, limit: skip })).toEqual(
      await base.user.updateMany({ where: skip, data: { name: "x", email: skip }, limit: skip }),
    );
    expect(await ledger.names()).toHaveLength(3);
  });
});
