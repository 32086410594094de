import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { Prisma, type PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus, telemetry } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, closeLater, openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const seeder = openClient(url);
const bus = eventBus({ events, capture: rules });

const data = { email: "ann@example.org" };
const where = { email: data.email };

type Writes = Pick<BusClient, "user" | "label">;

/** Deletes by marking, as extensions do that have to come after the event bus. */
const softDelete = Prisma.defineExtension((client) =>
  client.$extends({
    name: "soft delete",
    query: {
      user: {
        delete: ({ args }) =>
          (client as unknown as PrismaClient).user.update({ where: args.where, data: { name: "deleted" } }),
      },
    },
  }),
);

const warnings: string[] = [];
const note = (warning: Error & { code?: string }) => {
  if (warning.code === "EX_EVENT_BUS_UNSEEN") warnings.push(warning.message);
};
/** Warnings of a process come a tick later. */
const warned = async () => {
  await new Promise((resolve) => setImmediate(resolve));
  return warnings;
};

beforeEach(async () => {
  await ledger.clear();
  await seeder.user.create({ data });
  warnings.length = 0;
  process.on("warning", note);
  return () => process.off("warning", note);
});

const reported: object[] = [];
const off = telemetry.on("capture:unseen", (report) => reported.push(report));
afterEach(() => {
  reported.length = 0;
});

describe("an extension before the event bus that makes calls of its own", () => {
  const places: readonly (readonly [
    string,
    (client: BusClient, work: (db: Writes) => PromiseLike<unknown>) => Promise<unknown>,
  ])[] = [
    ["a bare call", async (client, work) => work(client)],
    ["a transaction", (client, work) => client.$transaction((tx) => work(tx) as Promise<unknown>)],
    ["a batch", (client, work) => client.$transaction([work(client) as Prisma.PrismaPromise<unknown>])],
  ];

  describe.each(places)("in %s", (_, run) => {
    it("is captured with the client that it was given", async () => {
      const client = openClient(url).$extends(softDelete).$extends(bus) as unknown as BusClient;
      await run(client, (db) => db.user.delete({ where }));
      expect(await ledger.event()).toMatchObject({ name: "UserUpdated", changes: { name: "deleted" } });
      expect(await seeder.user.count()).toBe(1);
      expect(await warned()).toEqual([]);
    });

    it("is captured where it writes beside the call", async () => {
      const auditing = Prisma.defineExtension((client) =>
        client.$extends({
          query: {
            $allModels: {
              async $allOperations({ model, args, query }) {
                const result = await query(args);
                const names = (client as unknown as PrismaClient).label;
                if (model === "User") await names.create({ data: { name: `${Math.random()}` } });
                return result;
              },
            },
          },
        }),
      );
      const client = openClient(url).$extends(auditing).$extends(bus) as unknown as BusClient;
      await run(client, (db) => db.user.update({ where, data: { name: "Ann" } }));
      expect([...(await ledger.names())].sort()).toEqual(["LabelCreated", "UserUpdated"]);
      // A read, too, though no hook of ours sees it.
      await run(client, (db) => db.user.count());
      expect([...(await ledger.names())].sort()).toEqual(["LabelCreated", "LabelCreated", "UserUpdated"]);
    });
  });

  it("is captured in a transaction that it opens", async () => {
    const locking = Prisma.defineExtension((client) =>
      client.$extends({
        query: {
          user: {
            update: ({ args }) =>
              (client as unknown as PrismaClient).$transaction(async (tx) => {
                await tx.label.create({ data: { name: "lock" } });
                return tx.user.update(args as { where: typeof where; data: object });
              }) as never,
          },
        },
      }),
    );
    const client = openClient(url).$extends(locking).$extends(bus);
    await client.user.update({ where, data: { name: "Ann" } });
    expect([...(await ledger.names())].sort()).toEqual(["LabelCreated", "UserUpdated"]);
    expect(await ledger.transactions()).toBe(1);
  });

  it("is refused in a batch that it sends", async () => {
    const batching = Prisma.defineExtension((client) =>
      client.$extends({
        query: {
          user: {
            async update({ args }) {
              const db = client as unknown as PrismaClient;
              const write = db.label.create({ data: { name: "a" } });
              const [, user] = await db.$transaction([write, db.user.update(args as never)]);
              return user as never;
            },
          },
        },
      }),
    );
    const client = openClient(url).$extends(batching).$extends(bus);
    await expect(Promise.resolve(client.user.update({ where, data: { name: "Ann" } }))).rejects.toMatchObject(
      { code: "TRANSACTION_ESCAPED" },
    );
    expect(await seeder.label.count()).toBe(0);
  });

  it("is captured in methods that it adds to models", async () => {
    const methods = Prisma.defineExtension((client) =>
      client.$extends({
        model: {
          user: {
            rename: (name: string) =>
              (client as unknown as PrismaClient).user.updateMany({ where, data: { name } }),
          },
          $allModels: { hello: () => "hello" },
        },
      }),
    );
    const client = openClient(url).$extends(methods).$extends(bus);
    expect(await client.user.rename("Ann")).toEqual({ count: 1 });
    expect(await client.$transaction([client.user.rename("Eve"), client.user.count()])).toEqual([
      { count: 1 },
      1,
    ]);
    expect(client.post.hello()).toBe("hello");
    expect((await ledger.events()).map(({ changes }) => changes["name"])).toEqual(["Ann", "Eve"]);
  });

  it("is not captured outside of calls of the extended client", async () => {
    const base = openClient(url);
    base.$extends(bus);
    await base.user.update({ where, data: { name: "Ann" } });
    expect(await ledger.names()).toEqual([]);
  });

  it("does not make calls of extensions after the event bus captured", async () => {
    const base = openClient(url);
    const client = base
      .$extends({ query: { $allModels: { $allOperations: ({ args, query }) => query(args) } } })
      .$extends(bus)
      .$extends({
        query: {
          user: {
            async update({ args, query }) {
              await base.label.create({ data: { name: "not captured" } });
              return query(args);
            },
          },
        },
      });
    await client.user.update({ where, data: { name: "Ann" } });
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });
});

describe("a call that an extension before the event bus answers by itself", () => {
  const other = openClient(url);
  const answering = (name?: string) =>
    Prisma.defineExtension({
      ...(name === undefined ? {} : { name }),
      query: {
        user: {
          delete: ({ args }) => other.user.delete({ where: args.where, select: { id: true } }) as never,
        },
      },
    });

  it("leads to one warning for each model and operation, with the extension's name", async () => {
    const client = openClient(url).$extends(answering("elsewhere")).$extends(bus);
    await client.user.delete({ where });
    await seeder.user.create({ data });
    await client.user.delete({ where });
    expect(await warned()).toEqual([
      expect.stringMatching(
        /^prisma\.user\.delete was answered by .*eventBus\(\): "elsewhere"\..*applied first\.$/,
      ),
    ]);
    expect(reported).toEqual([
      { type: "capture:unseen", model: "User", operation: "delete", extensions: ['"elsewhere"'] },
    ]);
    expect(await ledger.names()).toEqual([]);
  });

  it("leads to none when it fails, when it goes on, or when nothing would have been captured", async () => {
    const client = openClient(url)
      .$extends(answering())
      .$extends({ query: { $allModels: { $allOperations: ({ args, query }) => query(args) } } })
      .$extends(bus);
    await expect(Promise.resolve(client.user.delete({ where: { email: "nobody" } }))).rejects.toThrow();
    await client.user.update({ where, data: { name: "Ann" } });
    await client.setting.create({ data: { key: "a", value: 1 } });
    await client.user.findMany();
    expect(await warned()).toEqual([]);
  });

  it("is told without a name where there is none", async () => {
    const client = openClient(url).$extends(answering()).$extends(bus);
    await client.user.delete({ where });
    expect(await warned()).toEqual([expect.stringContaining("eventBus(): one without a name.")]);
  });
});

describe("a client that an extension before the event bus hands out", () => {
  const replica = openClient(url);
  /** As @prisma/extension-read-replicas has them. */
  const replicas = Prisma.defineExtension((client) =>
    client.$extends({
      name: "replicas",
      client: {
        $primary: () => client as unknown as PrismaClient,
        $replica: () => replica,
        $later: async () => client as unknown as PrismaClient,
        $twice<T>(work: (tx: Prisma.TransactionClient) => Promise<T>) {
          const again = () => (client as unknown as PrismaClient).$transaction(work);
          return again().catch(again);
        },
        $greet: (name: string) => `hello ${name}`,
      },
      query: { $allOperations: ({ args, query }) => query(args) },
    }),
  );
  const client = openClient(url).$extends(replicas).$extends(bus);

  it("captures, whether it comes at once or later", async () => {
    await client.$primary().user.update({ where, data: { name: "1" } });
    await (await client.$later()).user.update({ where, data: { name: "2" } });
    await client.$replica().user.update({ where, data: { name: "3" } });
    await client.$transaction((tx) => tx.$primary().user.update({ where, data: { name: "4" } }));
    expect((await ledger.events()).map(({ changes }) => changes["name"])).toEqual(["1", "2", "3", "4"]);
    expect(client.$primary()).toBe(client.$primary());
  });

  it("captures in the transaction that a callback gets", async () => {
    const later = client.$extends({
      query: {
        user: { update: ({ args, query }) => query({ ...args, data: { ...args.data, nickName: "n" } }) },
      },
    });
    let runs = 0;
    await later.$twice(async (tx) => {
      runs += 1;
      await tx.user.update({ where, data: { name: `run ${runs}` } });
      if (runs === 1) throw new Error("again");
      await (tx as unknown as typeof client).$transaction((nested) =>
        nested.label.create({ data: { name: "nested" } }),
      );
    });
    expect(
      (await ledger.events()).map(({ name, changes }) => [name, changes["name"], changes["nickName"]]),
    ).toEqual([
      ["UserUpdated", "run 2", "n"],
      ["LabelCreated", "nested", undefined],
    ]);
    expect(await ledger.transactions()).toBe(1);
  });

  it("leaves other methods as they are", () => {
    expect(client.$greet("you")).toBe("hello you");
  });

  it("leaves a client that captures as it is", async () => {
    const captured = openBus(url);
    const own = openClient(url)
      .$extends({ client: { $other: () => captured } })
      .$extends(bus);
    expect(own.$other()).toBe(captured);
  });
});

describe("$transaction of an extension before the event bus", () => {
  const retrying = Prisma.defineExtension((client) =>
    client.$extends({
      client: {
        async $transaction(work: never, options?: never) {
          try {
            return await (client as unknown as PrismaClient).$transaction(work, options);
          } catch {
            return await (client as unknown as PrismaClient).$transaction(work, options);
          }
        },
      },
    }),
  );

  it("gives clients that capture, though it asks the client that it was given", async () => {
    const client = openClient(url).$extends(retrying).$extends(bus) as unknown as BusClient;
    let runs = 0;
    await client.$transaction(async (tx) => {
      runs += 1;
      await tx.user.update({ where, data: { name: `run ${runs}` } });
      if (runs === 1) throw new Error("again");
    });
    expect(await ledger.event()).toMatchObject({ changes: { name: "run 2" } });
    await client.$transaction([client.label.create({ data: { name: "a" } }), client.user.count()]);
    expect(await ledger.names()).toEqual(["UserUpdated", "LabelCreated"]);
  });

  it("is refused where it opens a transaction of another client", async () => {
    const other = openClient(url);
    const client = openClient(url)
      .$extends({ client: { $transaction: (work: never) => other.$transaction(work) } })
      .$extends(bus) as unknown as BusClient;
    await expect(
      client.$transaction((tx) => tx.user.update({ where, data: { name: "lost" } })),
    ).rejects.toMatchObject({ code: "TRANSACTION_ESCAPED" });
    expect(await seeder.user.findUnique({ where })).toMatchObject({ name: null });
  });
});

closeLater({ $disconnect: async () => off() });
