import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { eventBus } from "../../src/index.js";
import { openClient } from "../extension/support/clients.js";
import { events, rules } from "../extension/support/events.js";
import { Ledger } from "../extension/support/ledger.js";
import { outcomeOf } from "../extension/support/outcome.js";
import type { AnyClient } from "../extension/support/own-schema.js";
import { wholeAnswer } from "../extension/support/whole-answer.js";
import { amount } from "../support/amount.js";
import { testDatabase } from "../support/database.js";
import { GroundTruth, modelsOf } from "../support/ground-truth.js";

// Random extensions before and after the event bus, random selections: what the caller and every hook of the others get
// is what they get without the event bus, and the events are what triggers saw. `PROPERTY_RUNS` says how many stacks.
const runs = amount({ few: 30, many: 100 });
const seedOfRuns = Number(process.env["PROPERTY_SEED"] ?? 7);

const sides = [await testDatabase(), await testDatabase()] as const;
const bases = sides.map(({ url }) => openClient(url) as unknown as AnyClient);
const omitting = sides.map(
  ({ url }) =>
    openClient(url, { client: { omit: { user: { email: true, name: true } } } }) as unknown as AnyClient,
);
const bus = eventBus({ events, capture: rules });
const [, side] = sides;
const withRules = Array.from(modelsOf(openClient(side.url))).filter(([, { name }]) => name in rules);
const truth = await GroundTruth.install(side.pool, new Map(withRules));
const ledger = new Ledger(side.pool);

const columns = ["id", "email", "name", "role", "nickName"] as const;
const computed = ["one", "two", "email", "three"] as const;
const operations = [
  "create",
  "update",
  "upsert",
  "delete",
  "createManyAndReturn",
  "updateManyAndReturn",
] as const;
const names = [...columns, ...computed, "posts", "title", "_count", "createdAt"];

let heard: unknown[] = [];

interface Call {
  readonly operation: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly query: (args: object) => Promise<unknown>;
}

/** An extension, made anew for each side. */
type Make = () => object;

const needs = fc.uniqueArray(fc.constantFrom(...columns, "one"), { maxLength: 3 });

const computing: fc.Arbitrary<Make> = fc
  .record({ model: fc.constantFrom("user", "$allModels"), field: fc.constantFrom(...computed), needs })
  .map(({ model, field, needs: some }) => () => ({
    result: {
      [model]: {
        [field]: {
          needs: Object.fromEntries(some.filter((name) => name !== field).map((name) => [name, true])),
          compute: (row: Record<string, unknown>) =>
            `${Object.keys(row).join()}: ${some.map((name) => String(row[name])).join()}`,
        },
      },
    },
  }));

/** What others may need, too. */
const first: Make = () => ({
  result: {
    user: { one: { needs: { role: true }, compute: ({ role }: { role: string }) => `one ${role}` } },
  },
});

const relatedComputing: fc.Arbitrary<Make> = fc.constant(() => ({
  result: {
    post: {
      three: { needs: { title: true, body: true }, compute: (row: object) => Object.values(row).join() },
    },
  },
}));

/** What the hook does beside going on. */
const hook = fc.constantFrom("listens", "selects", "omits", "adds", "renames", "throws");

const IN_BATCH = "goes on in a batch";

/** What the hook does around going on, with the client that it was given. */
const handlings: Readonly<Record<string, (call: Call, client: AnyClient) => Promise<unknown>>> = {
  async "fails afterwards"({ args, query }) {
    await query(args);
    throw new Error("afterwards");
  },
  "goes on twice": async ({ args, query }) => [await query(args), await query(args)].at(-1),
  "tries again": ({ args, query }) => query(args).catch(() => query({ ...args, ...other(args) })),
  swallows: ({ args, query }) => query(args).catch(() => null),
  "answers itself": async () => ({ id: 7 }),
  async "writes before"({ args, query }, client) {
    await client["label"]?.["create"]?.({ data: { name: "before" } });
    return query(args);
  },
  async "writes afterwards"({ args, query }, client) {
    const row = (await query(args)) as { readonly id?: number } | null;
    if (typeof row?.id === "number")
      await Promise.resolve(client["profile"]?.["create"]?.({ data: { bio: "new", userId: row.id } })).catch(
        () => undefined,
      );
    return row;
  },
  async "waits around"({ args, query }, client) {
    await client["user"]?.["count"]?.({});
    const result = await query(args);
    await client["user"]?.["count"]?.({});
    return result;
  },
  [IN_BATCH]: ({ args, query }, client) =>
    client
      .$transaction([raw(client).$queryRawUnsafe("select 1 as one"), query(args)] as never)
      .then((answers) => (answers as unknown as readonly unknown[])[1]),
};

const raw = (client: AnyClient) =>
  client as unknown as { $queryRawUnsafe(sql: string): PromiseLike<unknown> };

/** Arguments by which a row is written that has another key. */
function other({ data, ...args }: Call["args"]): object {
  if (Array.isArray(data)) return { data: data.map((one) => ({ ...one, email: `${one.email}!` })) };
  return data === undefined
    ? args
    : { data: { ...(data as object), ...(hasEmail(data) ? { email: "other" } : {}) } };
}

const hasEmail = (data: unknown) => typeof data === "object" && data !== null && "email" in data;

const handling = (...kinds: readonly string[]): fc.Arbitrary<Make> =>
  fc.record({ on: fc.constantFrom(...operations), does: fc.constantFrom(...kinds) }).map(
    ({ on, does }) =>
      () =>
      (client: AnyClient) =>
        client.$extends({
          query: { user: { [on]: (call: Call) => handlings[does]?.({ ...call, operation: on }, client) } },
        } as never),
  );

const hooking: fc.Arbitrary<Make> = fc
  .record({
    at: fc.constantFrom("user", "$allModels"),
    on: fc.constantFrom(...operations, "$allOperations"),
    hook,
  })
  .map(({ at, on, hook: does }) => () => ({
    query: {
      [at]: {
        async [on]({ args, operation, query }: Call) {
          if (does === "throws" && operation === "delete") throw new Error("no");
          const { select, ...others } = args;
          const changed =
            does === "selects"
              ? { ...args, ...(select ? { select: { ...(select as object), name: true } } : {}) }
              : does === "omits" && !select
                ? { ...others, omit: { nickName: true } }
                : does === "renames" && operation === "update"
                  ? { ...args, data: { name: "renamed" } }
                  : args;
          const result = await query(changed);
          heard.push(operation, changed, wholeAnswer(result, names));
          return does === "adds" && result !== null ? Object.assign(result as object, { added: 1 }) : result;
        },
      },
    },
  }));

const quiet = [{ weight: 3, arbitrary: computing }, hooking, relatedComputing] as const;
const before = fc.array(fc.oneof(...quiet), { maxLength: 4 });
const others = Object.keys(handlings).filter((kind) => kind !== IN_BATCH);
// Prisma tells errors of a call in a batch as those of others, so that hooks in it that answer instead lead to nonsense.
const after = fc.oneof(
  fc.array(fc.oneof(...quiet, { weight: 2, arbitrary: handling(...others) }), { maxLength: 4 }),
  fc.array(fc.oneof(...quiet, { weight: 2, arbitrary: handling(IN_BATCH) }), { maxLength: 3 }),
);
const flag = fc.constantFrom(true, true, true, false, undefined, 1, {});
const flagsOf = (some: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...some), flag, { maxKeys: 5 }).map((flags) => ({ ...flags }));
const posts = fc.constantFrom(
  true,
  false,
  { select: { title: true } },
  { omit: { body: true } },
  { select: { three: true } },
);
const selection: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
  fc.constant({}),
  flagsOf([...columns, ...computed, "createdAt"]).map((select) => ({ select })),
  fc
    .tuple(flagsOf([...columns, "one"]), posts)
    .map(([select, related]) => ({ select: { ...select, posts: related } })),
  flagsOf([...columns, ...computed]).map((omit) => ({ omit })),
  fc.tuple(flagsOf(columns), posts).map(([omit, related]) => ({ omit, include: { posts: related } })),
  fc.constantFrom(
    { include: { _count: true } },
    { include: { posts: true, _count: { select: { posts: true } } } },
  ),
);

const where = { email: "a" };
const taken = { data: { email: "b" } };
const argsOf: Readonly<Record<(typeof operations)[number], object>> = {
  create: { data: { email: "new" } },
  update: { where, data: { nickName: "n" } },
  upsert: { where, create: where, update: { nickName: "n" } },
  delete: { where: { email: "b" } },
  createManyAndReturn: { data: [{ email: "new" }, { email: "newer" }] },
  updateManyAndReturn: { data: { nickName: "n" } },
};

async function reset(pool: (typeof sides)[number]["pool"]): Promise<void> {
  await pool.query(`
    truncate users, "Post", "Label" restart identity cascade;
    insert into users (email, name, created_at, updated_at) values ('a', 'x', '2020-01-01', '2020-01-01'), ('b', null, '2020-01-01', '2020-01-01');
    insert into "Post" (title, "authorId") values ('t', 1);
    delete from event_bus.events;`);
  await truth.clear();
}

const extend = (client: AnyClient, some: readonly Make[]) =>
  some.reduce<AnyClient>((extended, make) => extended.$extends(make()), client);

describe("random extensions around the event bus", () => {
  beforeEach(() => {
    // Prisma asks this clock for `now()` and `@updatedAt`.
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01") });
    return () => vi.useRealTimers();
  });

  let succeeded = 0;
  it(
    `get what they get without it, ${runs} stacks`,
    async () => {
      const call = fc.record({ operation: fc.constantFrom(...operations), selection, isTaken: fc.boolean() });
      const property = fc.asyncProperty(
        before,
        after,
        fc.array(call, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        async (inside, outside, calls, omits, inTransaction) => {
          const observed = [];
          for (const [at, { pool }] of sides.entries()) {
            const base = (omits ? omitting : bases)[at];
            if (base === undefined) throw new Error("no client");
            const inner = extend(base, [first, ...inside]);
            const client = extend(at === 0 ? inner : inner.$extends(bus), outside);
            const answers: unknown[] = [];
            for (const { operation, selection: selected, isTaken } of calls) {
              await reset(pool);
              heard = [];
              let result: unknown;
              const refused = isTaken && operation === "create" ? taken : undefined;
              const run = (db: AnyClient) =>
                db["user"]?.[operation]?.({ ...argsOf[operation], ...refused, ...selected });
              const outcome = await outcomeOf(async () => {
                result = await (inTransaction
                  ? client.$transaction(((tx: AnyClient) => run(tx)) as never)
                  : run(client));
              });
              if (at === 1) {
                if (!("error" in (outcome as object))) succeeded += 1;
                expect(await truth.told(await ledger.events())).toEqual(await truth.changes());
              }
              const { rows } = await pool.query(
                `select u.*, (select count(*) from "Label") as labels, (select min(bio) from "Profile" p where p."userId" = u.id) as bio
                   from users u order by u.id`,
              );
              answers.push({ operation, selected, outcome, answer: wholeAnswer(result, names), heard, rows });
            }
            observed.push(answers);
          }
          expect(observed[1]).toEqual(observed[0]);
        },
      );
      await fc.assert(property, {
        numRuns: runs,
        seed: seedOfRuns,
        endOnFailure: process.env["PROPERTY_SHRINK"] === undefined,
      });
      expect(succeeded).toBeGreaterThan(runs / 4);
    },
    60_000 + runs * 2_000,
  );
});
