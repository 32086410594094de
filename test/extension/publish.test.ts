import pg from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus, publish } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { contexts, type Db } from "./support/contexts.js";
import { defineEvent, UserCreated, UserRenamed } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);

const InvoiceDue = defineEvent("InvoiceDue", {
  schema: z.object({
    invoiceId: z.string(),
    dueAt: z.string().transform((text) => new Date(text)),
    lines: z.array(z.object({ amount: z.number() })).default([]),
  }),
  aggregateType: "Invoice",
  version: 3,
});
const Unlisted = defineEvent("Unlisted", { schema: z.string() });

const base = openClient(url);
const bus = eventBus({ events: [UserCreated, InvoiceDue] });
const prisma = base.$extends(bus);

const due = (invoiceId = "i1") => InvoiceDue({ invoiceId, dueAt: "2030-01-01" }, { aggregateKey: invoiceId });

await ledger.subscribe(["mailer", "indexer"], ["InvoiceDue"]);
beforeEach(() => ledger.clear());

describe("$publish", () => {
  it("stores the event with what its schema makes of the aggregate", async () => {
    await prisma.$publish(due());
    expect(await ledger.event()).toMatchObject({
      name: "InvoiceDue",
      version: 3,
      aggregateType: "Invoice",
      aggregateKey: "i1",
      operation: "publish",
      sourceSchema: null,
      aggregate: { invoiceId: "i1", dueAt: new Date("2030-01-01"), lines: [] },
      changes: {},
      initialData: {},
    });
  });

  it("returns ids, positions and the number of deliveries, in the order that was given", async () => {
    const drafts = ["i1", "i2", "i3"].map((id) => due(id));
    const result = await prisma.$publish(drafts);
    const stored = await ledger.events();
    expect(result).toEqual({ events: stored.map(({ id, position }) => ({ id, position })), deliveries: 6 });
    expect(stored.map(({ id }) => id)).toEqual(drafts.map(({ id }) => id));
    expect(stored.map(({ aggregateKey }) => aggregateKey)).toEqual(["i1", "i2", "i3"]);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 3, jobs: 6 });
  });

  it("keeps events that nobody subscribes to", async () => {
    const user = await base.user.create({ data: { email: "a" } });
    const result = await prisma.$publish(
      UserCreated(user, {
        aggregateKey: user.id,
        operation: "create",
        changes: { email: "a" },
        initialData: { email: null },
      }),
    );
    expect(result.deliveries).toBe(0);
    expect(await ledger.event()).toMatchObject({
      aggregateKey: "1",
      operation: "create",
      aggregate: user,
      changes: { email: "a" },
      initialData: { email: null },
    });
  });

  it("publishes nothing when it is given nothing", async () => {
    expect(await prisma.$publish([])).toEqual({ events: [], deliveries: 0 });
    expect(await prisma.$transaction([prisma.$publish([])])).toEqual([{ events: [], deliveries: 0 }]);
  });

  it("adds metadata of the context to those of the draft, which win", async () => {
    const draft = InvoiceDue({ invoiceId: "i", dueAt: "2030-01-01" }, { metadata: { actor: "draft" } });
    await prisma.$withEventMetadata({ actor: "context", tenant: 1 }, () => prisma.$publish(draft));
    expect((await ledger.event()).metadata).toMatchObject({ actor: "draft", tenant: 1 });
  });

  it("gives all events of one call one correlationId", async () => {
    await prisma.$publish([due("a"), due("b")]);
    const [a, b] = (await ledger.events()).map(({ metadata }) => metadata.correlationId);
    expect(a).toEqual(expect.any(String));
    expect(b).toBe(a);
  });

  it("does nothing until it is awaited, and is one of Prisma's promises", async () => {
    const promise = prisma.$publish(due());
    expect(promise[Symbol.toStringTag]).toBe("PrismaPromise");
    await base.user.count();
    expect(await ledger.names()).toEqual([]);
    await promise;
    expect(await ledger.names()).toEqual(["InvoiceDue"]);
  });

  it("publishes several events together or not at all", async () => {
    const invalid = InvoiceDue({ invoiceId: 1 as never, dueAt: "2030-01-01" });
    await expect(prisma.$publish([due(), invalid])).rejects.toMatchObject({ code: "INVALID_AGGREGATE" });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("says where an aggregate does not fit its schema", async () => {
    const invalid = InvoiceDue({ invoiceId: "i", dueAt: "2030-01-01", lines: [{ amount: "1" as never }] });
    await expect(prisma.$publish(invalid)).rejects.toMatchObject({
      name: "EventBusError",
      code: "INVALID_AGGREGATE",
      message: expect.stringContaining("lines.0.amount"),
    });
  });

  it("refuses an event twice in one call or a second time", async () => {
    const draft = due();
    await prisma.$publish(draft);
    await expect(prisma.$publish(draft)).rejects.toThrow();
    await expect(prisma.$publish([due("x"), draft])).rejects.toThrow();
    expect(await ledger.names()).toEqual(["InvoiceDue"]);
  });

  it.each<[string, unknown, string | RegExp]>([
    ["an event that the extension was not given", Unlisted("x"), "UNKNOWN_EVENT"],
    [
      "an event of a model that the extension was not given",
      UserRenamed({ id: 1 } as never),
      "UNKNOWN_EVENT",
    ],
    ["an event type", InvoiceDue, /./],
    ["a copy of a draft, which has no mark", { ...due() }, /./],
    ["a name", "InvoiceDue", /./],
    ["nothing", undefined, /./],
    ["null in a list", [null], /./],
    ["an object that looks like one", { name: "InvoiceDue", aggregate: {} }, /./],
  ])("refuses %s and leaves the transaction usable", async (_, drafts, code) => {
    const refusal = expect.objectContaining({ name: "EventBusError", code: expect.stringMatching(code) });
    await expect(async () => prisma.$publish(drafts as never)).rejects.toEqual(refusal);
    await prisma.$transaction(async (tx) => {
      await expect(async () => tx.$publish(drafts as never)).rejects.toEqual(refusal);
      await tx.user.create({ data: { email: "a" } });
    });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });

  it("names the event that was meant", async () => {
    const misspelt = defineEvent("InvoiceDu", { schema: z.string() });
    await expect(async () => prisma.$publish(misspelt("x") as never)).rejects.toThrow(
      /did you mean "InvoiceDue"/,
    );
  });
});

describe.each(contexts)("publishing by hand in $name", (context) => {
  const client = prisma as never;
  const write = (db: Db) => db.$publish(due() as never);

  it("is committed with it, jobs included", async () => {
    await context.commits(client, write, pool);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 1, jobs: 2 });
  });

  it("is rolled back with it, jobs included", async () => {
    await context.rollsBack(client, write, pool);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });
});

describe("publish", () => {
  it("publishes on a plain Prisma client", async () => {
    const result = await publish(base, due());
    const { id, position } = await ledger.event();
    expect(result).toEqual({ events: [{ id, position }], deliveries: 2 });
  });

  it("publishes in the transaction of a plain Prisma client", async () => {
    const events = await base.$transaction(async (tx) => {
      await tx.user.create({ data: { email: "a" } });
      return (await publish(tx, [due("a"), due("b")])).events;
    });
    expect(events).toHaveLength(2);
    const failure = base.$transaction(async (tx) => {
      await publish(tx, due("c"));
      throw new Error("roll back");
    });
    await expect(failure).rejects.toThrow("roll back");
    expect(await ledger.counts()).toEqual({ rows: 1, events: 2, jobs: 4 });
    expect(await ledger.transactions()).toBe(1);
  });

  it("publishes in the transaction of an extended client", async () => {
    await prisma.$transaction((tx) => publish(tx, due()));
    expect(await ledger.counts()).toEqual({ rows: 0, events: 1, jobs: 2 });
  });

  it("takes options of an extended client that are left open, and no others", async () => {
    await publish(prisma, due(), { database: undefined, maxEventBytes: undefined });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 1, jobs: 2 });
    const withSize = publish(prisma, due(), { maxEventBytes: 1_000 });
    await expect(withSize).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  it("publishes on a pg pool and in the transaction of a pg client", async () => {
    await publish(pool, due("a"));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("begin");
    const result = await publish(client, due("b"));
    expect(await ledger.counts()).toEqual({ rows: 0, events: 1, jobs: 2 });
    await client.query("rollback");
    await client.end();
    expect(result.events).toHaveLength(1);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 1, jobs: 2 });
  });

  it("stores what the schema makes of the aggregate, and says where it does not fit", async () => {
    await publish(pool, due());
    expect((await ledger.event()).aggregate).toMatchObject({ dueAt: new Date("2030-01-01"), lines: [] });
    const invalid = InvoiceDue({ invoiceId: 1 as never, dueAt: "2030-01-01" });
    await expect(publish(pool, invalid)).rejects.toMatchObject({
      code: "INVALID_AGGREGATE",
      message: expect.stringContaining("invoiceId"),
    });
  });

  it("has metadata of the context and a correlationId", async () => {
    await prisma.$withEventMetadata({ actor: "me" }, () => publish(pool, due()));
    expect((await ledger.event()).metadata).toMatchObject({ actor: "me", correlationId: expect.any(String) });
  });

  it("brings types back that JSON does not have", async () => {
    const user = await base.user.create({ data: { email: "a" } });
    await publish(pool, UserCreated({ ...user, id: 1 }));
    expect((await ledger.event()).aggregate).toEqual(user);
    const Anything = defineEvent("Anything", { schema: z.any() });
    const aggregate = {
      big: 1n,
      decimal: new Prisma.Decimal("1.50"),
      bytes: new Uint8Array([1]),
      at: new Date(1),
    };
    await publish(base, Anything(aggregate));
    expect((await ledger.events({ event: "Anything" }))[0]?.aggregate).toEqual(aggregate);
  });
});

describe("publish()", () => {
  it("takes an executor of somebody's own, which gives rows alone", async () => {
    const sent: string[] = [];
    const executor = {
      query: async (sql: string, values: readonly unknown[] = []) => {
        sent.push(sql);
        return (await pool.query(sql, [...values])).rows;
      },
    };
    const stored = await publish(executor as never, due("own"));
    expect(stored).toEqual({
      events: [{ id: expect.any(String), position: expect.any(Number) }],
      deliveries: 2,
    });
    expect(sent).toHaveLength(1);
    expect(await ledger.event()).toMatchObject({ id: stored.events[0]?.id, aggregateKey: "own" });
  });

  it.each([1_023, 268_435_456, 1024.5, "2048", null])(
    "refuses %j for maxEventBytes",
    async (maxEventBytes) => {
      const attempt = publish(pool, due(), { maxEventBytes: maxEventBytes as never });
      await expect(attempt).rejects.toMatchObject({ code: "INVALID_OPTION", path: "maxEventBytes" });
      await expect(attempt).rejects.toThrow("from 1024 to 268435455");
      expect(await ledger.names()).toEqual([]);
    },
  );

  it.each([1_024, 268_435_455])("takes %j for maxEventBytes", async (maxEventBytes) => {
    await publish(pool, due(), { maxEventBytes });
    expect(await ledger.names()).toEqual(["InvoiceDue"]);
  });
});
