import { inspect } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { outcomeOf } from "./support/outcome.js";
import { type AnyClient, type AnyDelegate, type OwnDatabase, ownSchema } from "./support/own-schema.js";
import { wholeAnswer } from "./support/whole-answer.js";

// Every form of select, include and omit: what Prisma refuses is refused in its own words with nothing written, and
// what it answers is answered with the same keys, values and descriptors, and nothing behind them.
const schema = `
model User {
  id    Int     @id @default(autoincrement())
  email String  @unique
  name  String?
  posts Post[]
}

model Post {
  id     Int    @id @default(autoincrement())
  title  String
  secret String @default("hidden")
  userId Int
  user   User   @relation(fields: [userId], references: [id])
}
`;
const names = [
  "id",
  "email",
  "name",
  "greeting",
  "bare",
  "mail",
  "posts",
  "_count",
  "title",
  "secret",
  "loud",
];

/** Computed fields that need what callers may leave out. */
const computing = {
  result: {
    user: {
      greeting: {
        needs: { email: true, name: true },
        compute: (user: { email: string; name: string }) =>
          `${Object.keys(user).join()} ${user.email} ${user.name}`,
      },
      bare: { compute: () => "bare" },
    },
    post: { loud: { needs: { secret: true }, compute: ({ secret }: { secret: string }) => `${secret}!` } },
  },
};
const mailing = {
  result: {
    user: { mail: { needs: { email: true }, compute: ({ email }: { email: string }) => `<${email}>` } },
  },
};
/** What query hooks of other extensions get to see. */
const heard: unknown[] = [];
const listening = {
  query: {
    $allModels: {
      async $allOperations({ args, query }: { args: object; query: (args: object) => Promise<unknown> }) {
        const result = await query(args);
        heard.push(wholeAnswer(result, names));
        return result;
      },
    },
  },
};

const flags: readonly unknown[] = [
  ...[undefined, null, 0, 1, "", "yes", {}, [], true, false, Number.NaN, 1n, new Date(0)],
  ...[{ select: {} }, { select: { title: true } }, { foo: true }],
];

const fixed: readonly object[] = [
  {},
  { select: { name: true, email: true, id: true } },
  { select: { posts: { select: { title: true, loud: true } }, name: true, id: true } },
  { select: { name: true, greeting: true, id: true } },
  { select: { greeting: true } },
  { select: { bare: true } },
  { select: { mail: true, posts: { omit: { secret: true } } } },
  { omit: { email: false, name: true }, include: { posts: { omit: { secret: true } } } },
  { include: { _count: { select: { posts: true } }, posts: true } },
  { omit: { greeting: true, email: true, mail: true } },
  { omit: { id: true, email: true, name: true }, include: { posts: true } },
];

/** One flag in every place. */
function varied(flag: unknown): readonly object[] {
  return [
    { select: { id: flag } },
    { select: { id: flag, email: true } },
    { select: { email: true, foo: flag } },
    { select: { posts: flag } },
    { select: { _count: flag } },
    { select: { greeting: flag } },
    { select: { bare: flag } },
    { omit: { id: flag } },
    { omit: { email: flag } },
    { omit: { email: flag, id: flag, name: flag } },
    { omit: { foo: flag } },
    { omit: { posts: flag } },
    { omit: { greeting: flag, email: true } },
    { select: flag },
    { omit: flag },
    { include: flag },
    { include: { posts: flag } },
    { include: { email: flag } },
    { select: { id: true }, omit: flag },
    { select: { id: true }, include: flag },
    { omit: { id: true, email: true, name: true }, include: { posts: flag } },
    { omit: { email: flag }, include: { email: flag } },
  ];
}

const where = { email: "a" };
const data = { email: "a" };
const update = { name: "n" };
const calls: readonly (readonly [string, (user: AnyDelegate | undefined, selection: object) => unknown])[] = [
  ["create", (user, selection) => user?.["create"]?.({ data: { email: "new" }, ...selection })],
  ["update", (user, selection) => user?.["update"]?.({ where, data: update, ...selection })],
  ["upsert", (user, selection) => user?.["upsert"]?.({ where, create: data, update, ...selection })],
  ["delete", (user, selection) => user?.["delete"]?.({ where: { email: "b" }, ...selection })],
  [
    "createManyAndReturn",
    (user, selection) => user?.["createManyAndReturn"]?.({ data: [{ email: "new" }], ...selection }),
  ],
  [
    "updateManyAndReturn",
    (user, selection) => user?.["updateManyAndReturn"]?.({ where, data: update, ...selection }),
  ],
  [
    "updateManyAndReturn of no row",
    (user, selection) => user?.["updateManyAndReturn"]?.({ where: { id: 99 }, data: update, ...selection }),
  ],
  ["a fluent call", (user, selection) => user?.["update"]?.({ where, data: update })["posts"]?.(selection)],
];

interface Side extends OwnDatabase {
  readonly client: AnyClient;
}

async function reset({ pool }: OwnDatabase): Promise<void> {
  await pool.query(`
    truncate "User", "Post" restart identity cascade;
    insert into "User" (email, name) values ('a', 'x'), ('b', null);
    insert into "Post" (title, "userId") values ('t', 1);`);
}

async function observe(side: Side, call: (client: AnyClient) => unknown) {
  heard.length = 0;
  let result: unknown;
  const outcome = await outcomeOf(async () => {
    result = await call(side.client);
    return undefined;
  });
  // An error that Prisma has no class for gets this where it has awaited our requests.
  const { error } = outcome as { error?: { class: string; clientVersion?: unknown; keys?: unknown } };
  if (error?.class === "Error") Object.assign(error, { clientVersion: undefined, keys: [] });
  const { rows } = await side.pool.query(`select * from "User" order by id`);
  return { outcome, answer: wholeAnswer(result, names), heard: [...heard], rows };
}

describe.each([
  ["", []],
  [" with strictUndefinedChecks", ["strictUndefinedChecks"]],
] as const)("selections%s", async (_, previewFeatures) => {
  const own = await ownSchema(schema, previewFeatures);
  const bus = own.bus(["User"]);
  const sides = [await own.database(), await own.database()] as const;
  const omitting = { omit: { user: { email: true } } };
  const omittingAll = { omit: { user: { email: true, id: true, name: true } } };
  const both = (open: (side: OwnDatabase, bus: (client: AnyClient) => AnyClient) => AnyClient) => [
    { ...sides[0], client: open(sides[0], (client) => client) },
    { ...sides[1], client: open(sides[1], (client) => client.$extends(bus)) },
  ];
  const stacks: readonly (readonly [string, readonly Side[]])[] = [
    ["alone", both((side, extend) => extend(side.open()))],
    [
      "with computed fields after it",
      both((side, extend) => extend(side.open()).$extends(listening).$extends(computing).$extends(listening)),
    ],
    [
      "with computed fields before and after it, and a global omit",
      both((side, extend) =>
        extend(side.open(omitting).$extends(mailing).$extends(listening)).$extends(computing),
      ),
    ],
    [
      "with computed fields of a sibling, and all omitted",
      both((side, extend) => {
        const client = extend(side.open(omittingAll));
        client.$extends(computing);
        return client;
      }),
    ],
  ];

  beforeEach(async () => {
    for (const side of sides) await reset(side);
  });

  const isStrict = previewFeatures.length > 0;
  const all = (isStrict ? [undefined, own.prisma["skip"]] : flags).flatMap(varied);
  const cases = stacks.flatMap(([stack, clients], atStack) =>
    calls.map(([name, call], atCall) => {
      // Each form with some of the calls and clients: all with all are 20,000.
      const some = all.filter((__, at) => (at + atCall * 3 + atStack * 5) % 16 === 0);
      return [name, stack, clients, call, [...(isStrict ? [] : fixed), ...some]] as const;
    }),
  );

  describe("are Prisma's", () => {
    it.each(cases)("in %s, %s", async (_call, _stack, [plain, extended], call, selections) => {
      if (plain === undefined || extended === undefined) throw new Error("expected two sides");
      for (const selection of selections) {
        const observed = [];
        for (const side of [plain, extended]) {
          await reset(side);
          observed.push(await observe(side, (client) => call(client["user"], selection)));
        }
        expect(observed[1], inspect(selection)).toEqual(observed[0]);
      }
    });
  });
});
