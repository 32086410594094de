import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";

import { eventBus, withEventMetadata, withoutEvents } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { events, rules, UserCreated } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);

beforeEach(() => ledger.clear());

const create = (email: string) => prisma.user.create({ data: { email } });
const actors = async () =>
  (await ledger.events()).map(({ aggregate, metadata }) => [aggregate["email"], metadata.actor]);

describe("$withEventMetadata", () => {
  it("awaits inside of the context what its callback returns", async () => {
    const user = await prisma.$withEventMetadata({ actor: "me" }, () => create("a"));
    expect(user.email).toBe("a");
    await create("b");
    expect(await actors()).toEqual([
      ["a", "me"],
      ["b", undefined],
    ]);
  });

  it("holds for everything that is called in it", async () => {
    await prisma.$withEventMetadata({ actor: "me" }, async () => {
      await create("a");
      await prisma.$transaction((tx) => tx.user.create({ data: { email: "b" } }));
      await prisma.$transaction((tx) =>
        tx.$transaction((nested) => nested.user.create({ data: { email: "c" } })),
      );
      await prisma.$transaction([create("d"), create("e")]);
      await prisma.user.update({ where: { email: "a" }, data: { name: "A" } }).posts();
      await setImmediate();
      await Promise.all([create("f")]);
      await prisma.$publish(UserCreated(await base.user.findFirstOrThrow()));
    });
    expect((await actors()).map(([, actor]) => actor)).toEqual(Array.from({ length: 8 }, () => "me"));
  });

  it("holds for a batch that it returns and for a call made before", async () => {
    const before = create("a");
    await prisma.$withEventMetadata({ actor: "me" }, () => prisma.$transaction([before, create("b")]));
    expect(await actors()).toEqual([
      ["a", "me"],
      ["b", "me"],
    ]);
  });

  it("can be nested: the inner one wins key by key", async () => {
    await prisma.$withEventMetadata({ actor: "outer", tenant: 1, own: { a: 1 } }, async () => {
      await prisma.$withEventMetadata({ actor: "inner", own: { b: 2 } }, () => create("a"));
      await create("b");
    });
    expect((await ledger.events()).map(({ metadata }) => metadata)).toMatchObject([
      { actor: "inner", tenant: 1, own: { b: 2 } },
      { actor: "outer", tenant: 1, own: { a: 1 } },
    ]);
  });

  it("is weaker than metadata of the call", async () => {
    await prisma.$withEventMetadata({ actor: "context", tenant: 1 }, () =>
      prisma.user.create({ data: { email: "a" }, eventMetadata: { actor: "call" } }),
    );
    expect((await ledger.event()).metadata).toMatchObject({ actor: "call", tenant: 1 });
  });

  it("is stronger than metadata of the client, which is asked for each call", async () => {
    let asked = 0;
    const client = base.$extends(
      eventBus({ events, capture: rules, metadata: () => ({ actor: "client", count: ++asked }) }),
    );
    await client.$withEventMetadata({ actor: "context" }, () => client.user.create({ data: { email: "a" } }));
    await client.user.create({ data: { email: "b" } });
    expect((await ledger.events()).map(({ metadata: { actor, count } }) => [actor, count])).toEqual([
      ["context", 1],
      ["client", 2],
    ]);
  });

  it("of the client is asked for once for the events of a call, and for each batch of 500 rows", async () => {
    let asked = 0;
    const client = base.$extends(eventBus({ events, capture: rules, metadata: () => ({ count: ++asked }) }));
    await client.user.createMany({ data: Array.from({ length: 501 }, (_, n) => ({ email: `user ${n}` })) });
    const counts = (await ledger.events()).map(({ metadata }) => metadata["count"]);
    expect(counts).toEqual([...Array.from({ length: 500 }, () => 1), 2]);
  });

  it("keeps contexts that run at the same time apart", async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        prisma.$withEventMetadata({ actor: n }, async () => {
          await setImmediate();
          await prisma.$transaction(async (tx) => {
            await tx.user.create({ data: { email: `${n}` } });
          });
        }),
      ),
    );
    for (const [email, actor] of await actors()) expect(email).toBe(String(actor));
  });

  it("returns what its callback returns and throws what it throws", async () => {
    expect(await prisma.$withEventMetadata({}, () => 7)).toBe(7);
    const error = new Error("mine");
    const thrown = prisma.$withEventMetadata({}, () => {
      throw error;
    });
    await expect(thrown).rejects.toBe(error);
    await expect(prisma.$withEventMetadata({}, () => Promise.reject(error))).rejects.toBe(error);
  });

  it("works on the client of a transaction", async () => {
    await prisma.$transaction((tx) =>
      tx.$withEventMetadata({ actor: "me" }, () => tx.user.create({ data: { email: "a" } })),
    );
    expect(await actors()).toEqual([["a", "me"]]);
  });

  it("is the same as the function that the package exports", async () => {
    await withEventMetadata({ actor: "me" }, () => create("a"));
    await withoutEvents(() => create("b"));
    expect(await actors()).toEqual([["a", "me"]]);
  });
});

describe("a correlationId", () => {
  it("is shared by all events of a transaction, and by no others", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.user.create({ data: { email: "a" } });
      await tx.$transaction((nested) => nested.user.create({ data: { email: "b" } }));
    });
    await prisma.$transaction([
      prisma.user.create({ data: { email: "c" } }),
      prisma.user.create({ data: { email: "d" } }),
    ]);
    await prisma.user.create({ data: { email: "e" } });
    const ids = (await ledger.events()).map(({ metadata }) => metadata.correlationId);
    expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 0, 2, 2, 4]);
  });

  it("is given to each call, another each time, the same for all its events", async () => {
    const client = base.$extends(
      eventBus({ events, capture: { User: { create: [rules.User.create, rules.User.update] } } }),
    );
    await client.user.create({ data: { email: "a" } });
    await client.user.create({ data: { email: "b" } });
    const ids = (await ledger.events()).map(({ metadata }) => metadata.correlationId);
    expect(ids.every((id) => typeof id === "string" && id.length > 0)).toBe(true);
    expect([ids[0] === ids[1], ids[2] === ids[3], ids[1] === ids[2]]).toEqual([true, true, false]);
  });

  it("that is given is kept", async () => {
    await prisma.$withEventMetadata({ correlationId: "request-1" }, async () => {
      await create("a");
      await prisma.$transaction([create("b")]);
    });
    expect(await ledger.events({ correlationId: "request-1" })).toHaveLength(2);
  });
});

describe("$withoutEvents", () => {
  it("captures nothing of what is called in it, in any context", async () => {
    const result = await prisma.$withoutEvents(async () => {
      await create("a");
      await prisma.$transaction((tx) => tx.user.update({ where: { email: "a" }, data: { name: "A" } }));
      await prisma.$transaction([create("b"), prisma.user.delete({ where: { email: "a" } })]);
      await prisma.user.createMany({ data: [{ email: "c" }] });
      await prisma.user.create({ data: { email: "d" }, event: UserCreated, eventMetadata: { actor: "x" } });
      return "done";
    });
    expect(result).toBe("done");
    expect(await ledger.counts()).toEqual({ rows: 3, events: 0, jobs: 0 });
  });

  it("awaits what its callback returns, and ends with it", async () => {
    await prisma.$withoutEvents(() => create("a"));
    await create("b");
    expect(await actors()).toEqual([["b", undefined]]);
  });

  it("publishes what is published by hand", async () => {
    const row = await base.user.create({ data: { email: "a" } });
    await prisma.$withoutEvents(() => prisma.$publish(UserCreated(row)));
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });

  it("keeps the metadata of the context around it", async () => {
    const row = await base.user.create({ data: { email: "a" } });
    await prisma.$withEventMetadata({ actor: "me" }, () =>
      prisma.$withoutEvents(() => prisma.$publish(UserCreated(row))),
    );
    expect((await ledger.event()).metadata.actor).toBe("me");
  });

  it("stays silent in a context with metadata", async () => {
    await prisma.$withoutEvents(() => prisma.$withEventMetadata({ actor: "me" }, () => create("a")));
    expect(await ledger.names()).toEqual([]);
  });

  it("works on the client of a transaction", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.$withoutEvents(() => tx.user.create({ data: { email: "a" } }));
      await tx.user.create({ data: { email: "b" } });
    });
    expect(await actors()).toEqual([["b", undefined]]);
  });
});

describe("the option metadata", () => {
  it.each([
    ["a promise", async () => ({ actor: "me" })],
    ["a text", () => "me"],
  ])("fails the write when it returns %s", async (_, metadata) => {
    const client = base.$extends(
      eventBus({ events, capture: { User: rules.User }, metadata: metadata as never }),
    );
    const refused = { code: "INVALID_OPTION", path: "metadata()" };
    await expect(client.user.create({ data: { email: "a" } })).rejects.toMatchObject(refused);
    await expect(client.user.createMany({ data: [{ email: "b" }] })).rejects.toMatchObject(refused);
    expect(await ledger.counts()).toMatchObject({ rows: 0, events: 0 });
  });
});
