import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { closeLater, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const bus = eventBus({ events, capture: rules });

let heard: string[] = [];
const listener = (name: string) =>
  Prisma.defineExtension({
    name,
    query: {
      $allModels: {
        async $allOperations({ model, operation, args, query }) {
          heard.push(`${name} ${model}.${operation} ${JSON.stringify(args)}`);
          return query(args);
        },
      },
    },
    result: {
      user: {
        [name]: { needs: { email: true }, compute: ({ email }: { email: string }) => `${name} ${email}` },
      },
    },
  });
const chained = base.$extends(listener("before")).$extends(bus).$extends(listener("after"));

const data = { email: "ann@example.org" };
const where = { email: data.email };

beforeEach(async () => {
  await ledger.clear();
  heard = [];
});

describe("extensions around the extension", () => {
  const contexts: readonly (readonly [
    string,
    (write: (db: Pick<typeof chained, "user">) => Prisma.PrismaPromise<unknown>) => Promise<unknown>,
  ])[] = [
    ["a bare call", async (write) => write(chained)],
    ["a transaction", (write) => chained.$transaction((tx) => write(tx))],
    [
      "a nested transaction",
      (write) => chained.$transaction((tx) => tx.$transaction((nested) => write(nested))),
    ],
    ["a batch", async (write) => (await chained.$transaction([write(chained)]))[0]],
  ];

  describe.each(contexts)("in %s", (_, run) => {
    it("hear of a create once, the first one first", async () => {
      const user = await run((db) => db.user.create({ data, select: { id: true } }));
      expect(user).toEqual({ id: 1 });
      const call = 'User.create {"data":{"email":"ann@example.org"}';
      expect(heard).toEqual([
        `before ${call},"select":{"id":true}}`,
        expect.stringContaining(`after ${call}`),
      ]);
      expect(await ledger.names()).toEqual(["UserCreated"]);
    });

    it("hear of an update once and nothing of what we read", async () => {
      await base.user.create({ data });
      await run((db) => db.user.update({ where, data: { name: "Ann" } }));
      expect(heard.map((line) => line.split(" ", 2).join(" "))).toEqual([
        "before User.update",
        "after User.update",
      ]);
      expect(await ledger.names()).toEqual(["UserUpdated"]);
    });

    it("compute their fields, with what these need", async () => {
      const write = (db: Pick<typeof chained, "user">) =>
        db.user.upsert({
          where,
          create: data,
          update: {},
          select: { id: true, before: true, after: true } as Prisma.UserSelect,
        });
      const user = await run(write);
      expect(JSON.parse(JSON.stringify(user))).toEqual({
        id: 1,
        before: `before ${data.email}`,
        after: `after ${data.email}`,
      });
      expect(Object.keys((await ledger.event()).aggregate).sort()).toEqual(
        Object.keys(Prisma.UserScalarFieldEnum).sort(),
      );
    });
  });

  it("give the event stored values, not computed ones", async () => {
    const shouting = base
      .$extends({
        result: { user: { email: { needs: { email: true }, compute: ({ email }) => email.toUpperCase() } } },
      })
      .$extends(bus);
    expect((await shouting.user.create({ data })).email).toBe(data.email.toUpperCase());
    expect((await ledger.event()).aggregate["email"]).toBe(data.email);
  });

  it("can change the arguments, before and after", async () => {
    const changing = (name: string) =>
      Prisma.defineExtension({
        query: {
          user: {
            create: ({ args, query }) =>
              query({ ...args, data: { ...args.data, [name]: `by an extension` } }),
          },
        },
      });
    const changed = base.$extends(changing("name")).$extends(bus).$extends(changing("nickName"));
    const user = await changed.user.create({ data });
    expect(user).toMatchObject({ name: "by an extension", nickName: "by an extension" });
    expect((await ledger.event()).changes).toMatchObject({
      name: "by an extension",
      nickName: "by an extension",
    });
  });

  it("can change the where of an update", async () => {
    await base.user.create({ data: { ...data, name: "Ann" } });
    await base.user.create({ data: { email: "bob@example.org", name: "Bob" } });
    const changed = base
      .$extends(bus)
      .$extends({ query: { user: { update: ({ args, query }) => query({ ...args, where: { id: 2 } }) } } });
    await changed.user.update({ where: { id: 1 }, data: { name: "Eve" } }).catch(() => undefined);
    // Either the event of the row that was written, or no write.
    const [, bob] = await base.user.findMany({ orderBy: { id: "asc" } });
    const stored = await ledger.events();
    expect(stored.map(({ aggregateKey, initialData }) => [aggregateKey, initialData["name"]])).toEqual(
      bob?.name === "Eve" ? [["2", "Bob"]] : [],
    );
  });

  it("may add nested writes: they are captured", async () => {
    const nesting = base.$extends(bus).$extends({
      query: {
        user: {
          create: ({ args, query }) =>
            query({
              ...args,
              data: { ...args.data, posts: { create: { title: "added" } } } as typeof args.data,
            }),
        },
      },
    });
    await nesting.user.create({ data });
    expect((await ledger.event()).changes).toMatchObject({ posts: [{ title: "added" }] });
  });

  it("can write twice: each write has its event", async () => {
    const twice = base.$extends(bus).$extends({
      query: {
        product: {
          async update({ args, query }) {
            await query(args);
            return query(args);
          },
        },
      },
    });
    await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
    const more = () => twice.product.update({ where: { sku: "A" }, data: { stock: { increment: 1 } } });
    expect((await more()).stock).toBe(2);
    await twice.$transaction([more()]);
    expect((await ledger.events()).map(({ initialData }) => initialData["stock"])).toEqual([0, 1, 2, 3]);
  });

  it("can answer without asking the database: then there is no event", async () => {
    const answering = base
      .$extends(bus)
      .$extends({ query: { user: { create: async () => ({ id: 7, email: "invented" }) } } });
    const outcome = await answering.user.create({ data }).then(
      () => "answered",
      () => "refused",
    );
    const { rows, events: count } = await ledger.counts();
    expect([rows, count, outcome]).toEqual([0, 0, expect.any(String)]);
  });

  it("can throw after the write: row and event stay, as without the event bus the row does", async () => {
    const throwing = base.$extends(bus).$extends({
      query: {
        user: {
          async create({ args, query }) {
            await query(args);
            throw new Error("no");
          },
        },
      },
    });
    await expect(throwing.user.create({ data })).rejects.toThrow("no");
    const inside = throwing.$transaction(async (tx) => {
      await tx.user.create({ data }).catch(() => undefined);
    });
    await inside.catch(() => undefined);
    expect(await ledger.counts()).toEqual({ rows: 1, events: 1, jobs: 0 });
    await pool.query("delete from users");
    await throwing.$transaction(async (tx) => {
      await tx.user.create({ data }).catch(() => undefined);
    });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 2, jobs: 0 });
  });

  it("can go on with the row that was written, with any client", async () => {
    const auditing = base.$extends(bus).$extends({
      query: {
        user: {
          async create({ args, query }) {
            const user = await query(args);
            await base.profile.create({ data: { bio: "new", userId: user.id as number } });
            return user;
          },
        },
      },
    });
    const { id } = await auditing.user.create({ data });
    expect(await base.profile.findMany()).toMatchObject([{ userId: id, bio: "new" }]);
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });

  it("can try again what the database refused, alone and in a transaction of their own", async () => {
    const emails = ["taken@example.org", "free@example.org"];
    await base.user.create({ data: { email: emails[0] ?? "" } });
    const retrying = base.$extends(bus).$extends({
      query: {
        user: {
          async create({ args, query }) {
            for (const email of emails) {
              try {
                return await query({ ...args, data: { ...args.data, email } } as never);
              } catch (error) {
                if ((error as { code?: string }).code !== "P2002") throw error;
              }
            }
            throw new Error("none is free");
          },
        },
      },
    });
    expect(await retrying.user.create({ data })).toMatchObject({ email: emails[1] });
    expect((await ledger.event()).aggregate).toMatchObject({ email: emails[1] });
  });

  it("can answer instead of an error", async () => {
    const lenient = base.$extends(bus).$extends({
      query: { user: { update: ({ args, query }) => query(args).catch(() => ({ id: 0 })) as never } },
    });
    expect(await lenient.user.update({ where: { id: 99 }, data: { name: "x" } })).toEqual({ id: 0 });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("can add nested writes to calls of which nothing was captured", async () => {
    const { create: UserCreated } = rules.User;
    const adding = base.$extends(eventBus({ events, capture: { User: { create: UserCreated } } })).$extends({
      query: {
        profile: {
          create: ({ args, query }) => {
            const { userId: _, ...data } = args.data as { bio: string; userId?: number };
            return query({ data: { ...data, user: { create: { email: "added" } } } } as never);
          },
        },
      },
    });
    await adding.profile.create({ data: { bio: "b", userId: 1 } });
    expect((await ledger.event()).aggregate).toMatchObject({ email: "added" });
  });

  it("are run once, however often others get in the way of the call", async () => {
    let runs = 0;
    const counting = base.$extends(bus).$extends({
      query: {
        user: {
          upsert({ args, query }) {
            runs += 1;
            return query(args);
          },
        },
      },
    });
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        counting.user.upsert({
          where,
          create: data,
          update: { name: `${n}` },
        }),
      ),
    );
    expect([runs, results.length]).toEqual([8, 8]);
    const names = await ledger.names();
    expect(names.filter((name) => name === "UserCreated")).toHaveLength(1);
  });

  it("can write with the client that they were given", async () => {
    const auditing = base.$extends(bus).$extends((client) =>
      client.$extends({
        query: {
          user: {
            async update({ args, query }) {
              const user = await query(args);
              await client.label.create({ data: { name: "audit" } });
              return user;
            },
          },
        },
      }),
    );
    await base.user.create({ data });
    await auditing.user.update({ where, data: { name: "Ann" } });
    expect([...(await ledger.names())].sort()).toEqual(["LabelCreated", "UserUpdated"]);
  });

  it("keep their own client methods", async () => {
    const own = base
      .$extends({ client: { $hello: () => "hello" } })
      .$extends(bus)
      .$extends({ client: { $bye: () => "bye" } });
    expect([own.$hello(), own.$bye(), typeof own.$publish]).toEqual(["hello", "bye", "function"]);
    const inside = await own.$transaction(async (tx) => [tx.$hello(), tx.$bye(), typeof tx.$publish]);
    expect(inside).toEqual(["hello", "bye", "function"]);
  });

  it("keep their own model methods", async () => {
    const own = base.$extends(bus).$extends({
      model: {
        user: {
          async register(email: string) {
            const context = Prisma.getExtensionContext(this) as unknown as typeof base.user;
            return context.create({ data: { email } });
          },
        },
      },
    });
    await own.user.register("a");
    await own.$transaction((tx) => tx.user.register("b"));
    expect(await ledger.counts()).toEqual({ rows: 2, events: 2, jobs: 0 });
  });
});

describe("the extension, applied twice", () => {
  it("publishes each event once or is refused", async () => {
    const outcome = await Promise.resolve()
      .then(() => closeLater(base.$extends(bus).$extends(bus)).user.create({ data }))
      .then(
        () => 1,
        () => 0,
      );
    expect(await ledger.counts()).toEqual({ rows: outcome, events: outcome, jobs: 0 });
  });
});

describe("an extension that puts calls into batches of its own", () => {
  type Going = {
    readonly args: object;
    readonly query: (args: object) => Promise<unknown>;
    readonly operation: string;
  };
  const hooking = (hook: (client: typeof base, call: Going) => Promise<unknown>) =>
    Prisma.defineExtension((client) =>
      client.$extends({
        query: { user: { $allOperations: (call) => hook(client as never, call as never) as never } },
      }),
    );
  const batching = hooking(async (client, { args, query }) => {
    const answers = await client.$transaction([client.$executeRaw`select 1`, query(args) as never]);
    return answers[1];
  });
  const update = { where, data: { name: "x" } };

  beforeEach(() => base.user.create({ data: { ...data, name: "0" } }));

  const namesAfter = async (run: Promise<unknown>) => {
    await run;
    return ledger.names();
  };

  it("can send the call again behind the batch", async () => {
    const client = base.$extends(bus).$extends(
      hooking(async (given, { args, query }) => {
        await given.$transaction([given.$executeRaw`select 1`, query(args) as never]);
        return query({ ...args, data: { name: "again" } });
      }),
    );
    expect(await namesAfter(client.user.update(update))).toEqual(["UserUpdated", "UserUpdated"]);
  });

  it("can send the call alone where the batch failed", async () => {
    const client = base.$extends(bus).$extends(
      hooking(async (given, { args, query }) => {
        try {
          return await given.$transaction([given.$executeRaw`select 1 / 0`, query(args) as never]);
        } catch {
          return query(args);
        }
      }),
    );
    expect(await namesAfter(client.user.update(update))).toEqual(["UserUpdated"]);
  });

  it("works around hooks that try again, and behind one that does", async () => {
    await base.user.create({ data: { email: "taken" } });
    const emails = ["taken", ""];
    const retrying = hooking(async (_, { args, query }) => {
      let last: unknown;
      for (const email of emails) {
        try {
          return await query({ ...args, data: { email } });
        } catch (error) {
          last = error;
        }
      }
      throw last;
    });
    const clients = [
      base.$extends(bus).$extends(batching).$extends(retrying),
      base.$extends(retrying).$extends(bus).$extends(batching),
    ];
    for (const [n, client] of clients.entries()) {
      await ledger.forgetEvents();
      const email = `free ${n}`;
      emails[1] = email;
      expect(await client.user.create({ data: { email: "taken" } })).toMatchObject({ email });
      expect(await ledger.names()).toEqual(["UserCreated"]);
    }
  });

  it("stays in the caller's transaction when a hook before the event bus tries again", async () => {
    const retrying = hooking(async (_, { args, query }) => {
      await query(args);
      return query(args);
    });
    const client = base.$extends(retrying).$extends(bus).$extends(batching);
    const failing = client.$transaction(async (tx) => {
      await tx.user.update({ where, data: { name: "x" } });
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    expect(await base.user.findFirst({ where })).toMatchObject({ name: "0" });
  });

  it.each<[string, (client: typeof base) => Promise<unknown>]>([
    ["open a transaction to read", (client) => client.$transaction(async (tx) => tx.user.count())],
    [
      "open a transaction to write",
      (client) => client.$transaction(async (tx) => tx.user.create({ data: { email: "w" } })),
    ],
    ["write", (client) => client.user.create({ data: { email: "w" } })],
    ["write in a batch", (client) => client.$transaction([client.user.create({ data: { email: "w" } })])],
  ])("lets hooks behind it %s before they go on", async (_, before) => {
    const client = base
      .$extends(bus)
      .$extends(batching)
      .$extends(
        hooking(async (given, { args, query, operation }) => {
          if (operation === "update") await before(given);
          return query(args);
        }),
      );
    await client.user.update(update);
    expect(await base.user.findFirst({ where })).toMatchObject({ name: "x" });
    expect(await ledger.names()).toContain("UserUpdated");
  });

  it("can put it beside captured calls of its own", async () => {
    const client = base.$extends(bus).$extends(
      hooking(async (given, { args, query, operation }) => {
        if (operation !== "update") return query(args);
        const label = given.label.create({ data: { name: "beside" } });
        return (await given.$transaction([label, query(args) as never]))[1];
      }),
    );
    expect(await namesAfter(client.user.update(update))).toEqual(["LabelCreated", "UserUpdated"]);
  });
});

describe("an extension that runs one call twice", () => {
  const twice = (run: (ask: (args: object) => Promise<unknown>, args: object) => Promise<unknown>) =>
    base.$extends(bus).$extends({
      query: {
        user: {
          async update({ args, query }) {
            return run(query as never, args) as never;
          },
        },
      },
    });

  beforeEach(() => base.user.create({ data: { ...data, name: "0" } }));

  it("one after the other: each is captured", async () => {
    const client = twice(async (ask, args) => {
      await ask({ ...args, data: { name: "1" } });
      return ask({ ...args, data: { name: "2" } });
    });
    await client.user.update({ where, data: { name: "x" } });
    expect((await ledger.events()).map(({ initialData, changes }) => [initialData, changes])).toMatchObject([
      [{ name: "0" }, { name: "1" }],
      [{ name: "1" }, { name: "2" }],
    ]);
  });

  it("again after it failed: what took effect is captured", async () => {
    const client = twice(async (ask, args) => {
      const missing = { ...args, where: { email: "nobody" } };
      return ask(missing).catch(() => ask(args));
    });
    await client.$transaction((tx) => tx.user.update({ where, data: { name: "x" } }));
    expect(await ledger.event()).toMatchObject({ initialData: { name: "0" }, changes: { name: "x" } });
  });

  it("both at the same moment: as Prisma makes them, with the arguments of the last one", async () => {
    const client = twice((ask, args) =>
      Promise.all([ask({ ...args, data: { name: "1" } }), ask({ ...args, data: { name: "2" } })]),
    );
    expect(await client.user.update({ where, data: { name: "x" } })).toMatchObject([
      { name: "2" },
      { name: "2" },
    ]);
    expect(await ledger.event()).toMatchObject({ initialData: { name: "0" }, changes: { name: "2" } });
    await client.$transaction((tx) => tx.user.update({ where, data: { name: "x" } }));
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });
});
