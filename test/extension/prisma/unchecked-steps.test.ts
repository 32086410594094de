import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import type { PrismaClient } from "../../../prisma/generated/client/client.js";
import type { PRIVATE_STEPS, PrivateStepName } from "../../../src/extension/prisma/steps.js";
import { eventBus } from "../../../src/index.js";
import { testDatabase } from "../../support/database.js";
import { events, rules } from "../support/events.js";
import { Ledger } from "../support/ledger.js";
import { changedClient, type Edit } from "./changed-runtime.js";

// Steps that are not looked for beforehand. Without them the extension knows less: rows and events are as before, or the call
// is refused and nothing is written.

const { pool, url } = await testDatabase();
pool.setMaxListeners(0);
const ledger = new Ledger(pool);
// PostgreSQL refuses events whose metadata say so.
await pool.query(`
  create function refuse_event() returns trigger language plpgsql as $$ begin
    raise exception 'event refused' using errcode = new.metadata ->> 'refuse';
  end $$;
  create trigger refuse_event before insert on event_bus.events for each row
    when (new.metadata ? 'refuse') execute function refuse_event()`);

type Unchecked = {
  [Name in PrivateStepName]: (typeof PRIVATE_STEPS)[Name]["checked"] extends "use" ? Name : never;
}[PrivateStepName];

/** Of each step, a version of Prisma without it. The one of the adapter is not in the runtime. */
const without: Readonly<Record<Unchecked, readonly Edit[]>> = {
  handleAndLogRequestError: [[/handleAndLogRequestError/g, "tellError"]],
  _errorFormat: [[/_errorFormat/g, "_format"]],
  _extensions: [[/_extensions/g, "_added"]],
  _originalClient: [
    [/_originalClient/g, "_first"],
    [/_appliedParent/g, "_below"],
  ],
  _globalOmit: [[/_globalOmit/g, "_omitted"]],
  _previewFeatures: [[/_previewFeatures/g, "_features"]],
  getConnectionInfo: [],
  driverAdapterError: [[/driverAdapterError/g, "adapterError"]],
};

const opened: PrismaClient[] = [];
afterAll(() => Promise.all(opened.map((client) => client.$disconnect())));
beforeEach(() => ledger.clear());

interface Opening {
  readonly edits?: readonly Edit[];
  readonly omit?: object;
  readonly adapter?: object;
  /** An extension before the event bus; it is given another client. */
  readonly before?: (other: PrismaClient) => object;
  /** An extension after the event bus. */
  readonly outer?: object;
  /** Without the event bus. */
  readonly isPlain?: boolean;
}

function open(opening: Opening): PrismaClient {
  const { edits = [], adapter = new PrismaPg(pool), omit = {}, before, outer = {}, isPlain } = opening;
  const Changed = changedClient(edits);
  const connect = () => {
    const client = new Changed({ adapter, omit });
    opened.push(client);
    return client;
  };
  const client = connect();
  if (isPlain === true) return client;
  const base = before === undefined ? client : client.$extends(before(connect()));
  const bus = base.$extends(eventBus({ events, capture: rules })) as unknown as PrismaClient;
  return bus.$extends(outer) as unknown as PrismaClient;
}

/** An adapter of which nothing is known but what Prisma needs. */
const plainAdapter = {
  ...{ provider: "postgres", adapterName: "plain" },
  async connect() {
    const connection = await new PrismaPg({ connectionString: url }).connect();
    return new Proxy(connection, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name === "getConnectionInfo") return undefined;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  },
};

const openWithout = (step: Unchecked, options: Opening = {}) =>
  open({
    ...options,
    edits: [...(options.edits ?? []), ...without[step]],
    ...(step === "getConnectionInfo" ? { adapter: plainAdapter } : {}),
  });

const data = { email: "ann@example.org" };

/** Calls of each kind, and what is stored then. */
async function work(db: PrismaClient): Promise<unknown> {
  const posts = { create: { title: "old" } };
  const made = await db.user.create({ data: { ...data, posts }, select: { id: true, posts: true } });
  const where = { id: made.id };
  const results: unknown[] = [made];
  results.push(await db.user.update({ where, data: { name: "x" }, select: { name: true } }));
  results.push(await db.user.updateMany({ data: { name: "y" } }));
  results.push(
    await db.user.update({
      where,
      data: { posts: { updateMany: { where: {}, data: { title: "new" } } } },
      select: { posts: true },
    }),
  );
  results.push(await db.$transaction((tx) => tx.user.delete({ where, select: { email: true } })));
  const stored = (await ledger.events()).map(({ name, operation, changes, initialData }) => {
    const { createdAt: _, updatedAt: __, ...others } = changes as Record<string, unknown>;
    return [name, operation, others, Object.keys(initialData as object)];
  });
  return { results, stored, rows: await ledger.counts() };
}

describe("a version of Prisma without a step that is not looked for", () => {
  it.each(Object.keys(without) as Unchecked[])("writes the rows and events as before: %s", async (step) => {
    const expected = await work(open({}));
    await ledger.clear();
    expect(await work(openWithout(step))).toEqual(expected);
  });

  it.each(Object.keys(without) as Unchecked[])(
    "writes nothing when the event cannot be stored: %s",
    async (step) => {
      const call = openWithout(step).user.create({
        data,
        eventMetadata: { refuse: "23514" },
      } as { data: typeof data });
      await expect(call).rejects.toMatchObject({
        name: "PrismaClientKnownRequestError",
        message: expect.stringContaining("event refused"),
      });
      expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
    },
  );
});

describe("what is missing without", () => {
  const refused = { data, eventMetadata: { refuse: "23514" } } as { data: typeof data };

  it("handleAndLogRequestError is the place of the call in the message of a failed event", async () => {
    const told = /Invalid `.*user\.create\(\)` invocation/;
    await expect(open({}).user.create(refused)).rejects.toThrow(told);
    await expect(openWithout("handleAndLogRequestError").user.create(refused)).rejects.not.toThrow(told);
  });

  it("driverAdapterError is what the failure of a statement of ours is", async () => {
    await expect(open({}).user.create(refused)).rejects.toMatchObject({ code: "P2039" });
    await expect(openWithout("driverAdapterError").user.create(refused)).rejects.toMatchObject({
      code: "P2010",
    });
  });

  it("_errorFormat is that statements of ours take no stack traces", async () => {
    const looked = { times: 0 };
    Object.assign(globalThis, { placeLooked: looked });
    const count: Edit = [
      /(function \w+\((\w)\)\{)(return \2==="minimal"\?typeof)/,
      '$1if($2!=="minimal")globalThis.placeLooked.times++;$3',
    ];
    const timesOf = async (db: PrismaClient) => {
      await ledger.clear();
      await db.user.create({ data });
      await ledger.clear();
      looked.times = 0;
      await db.user.create({ data });
      return looked.times;
    };
    const plain = await timesOf(open({ edits: [count], isPlain: true }));
    expect(await timesOf(open({ edits: [count] }))).toBe(plain);
    expect(await timesOf(openWithout("_errorFormat", { edits: [count] }))).toBeGreaterThan(plain);
    Reflect.deleteProperty(globalThis, "placeLooked");
  });

  it("_extensions are the columns that computed fields need", async () => {
    const loud = { needs: { email: true }, compute: ({ email }: typeof data) => `${email}!` };
    const outer = { result: { user: { loud } } };
    const create = (db: PrismaClient) => db.user.create({ data, select: { loud: true } as never });
    expect({ ...(await create(open({ outer }))) }).toMatchObject({ loud: "ann@example.org!" });
    await ledger.clear();
    expect(Object.keys(await create(openWithout("_extensions", { outer })))).toEqual([]);
    expect(await ledger.event()).toMatchObject({ aggregate: data });
  });

  it("_originalClient is nothing of the hooks of other extensions", async () => {
    const seen: string[] = [];
    const create = (given: { args: { data: object }; query: (args: object) => Promise<unknown> }) => {
      seen.push("hook");
      return given.query({ ...given.args, data: { ...given.args.data, name: "hooked" } });
    };
    const db = openWithout("_originalClient", { outer: { query: { user: { create } } } });
    await db.$transaction(async (tx) => {
      await tx.user.create({ data });
    });
    expect([seen, await ledger.event()]).toMatchObject([["hook"], { aggregate: { name: "hooked" } }]);
  });

  it("_originalClient are other clients that an extension hands out: their calls are refused", async () => {
    type Handing = PrismaClient & { $elsewhere(run: (tx: PrismaClient) => unknown): Promise<unknown> };
    const before = (other: PrismaClient) => ({
      client: { $elsewhere: (run: (tx: PrismaClient) => unknown) => other.$transaction(run as never) },
    });
    const create = (db: PrismaClient) => (db as Handing).$elsewhere((tx) => tx.user.create({ data }));
    await create(open({ before }));
    expect(await ledger.counts()).toMatchObject({ rows: 1, events: 1 });
    await ledger.clear();
    const refused = { code: "PRISMA_INCOMPATIBLE" };
    await expect(create(openWithout("_originalClient", { before }))).rejects.toMatchObject(refused);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("_globalOmit are calls of models of which the client omits columns: they are refused", async () => {
    const omit = { user: { name: true } };
    expect(Object.keys(await open({ omit }).user.create({ data }))).not.toContain("name");
    await ledger.clear();
    const db = openWithout("_globalOmit", { omit });
    await expect(db.user.create({ data })).rejects.toMatchObject({ code: "PRISMA_INCOMPATIBLE" });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("_previewFeatures is that an explicit undefined in a selection is refused", async () => {
    const strict: Edit = [
      /_previewFeatures=(\w)\.previewFeatures/,
      '_previewFeatures=["strictUndefinedChecks"]',
    ];
    const create = (db: PrismaClient) =>
      db.user.create({ data, select: { name: true, email: undefined } as never });
    const refused = { name: "PrismaClientValidationError" };
    await expect(create(open({ edits: [strict] }))).rejects.toMatchObject(refused);
    const db = openWithout("_previewFeatures", { edits: [strict] });
    expect(Object.keys(await create(db))).toEqual(["name"]);
    expect(await ledger.event()).toMatchObject({ aggregate: data });
  });

  it("getConnectionInfo is the schema of an adapter: it is public", async () => {
    await openWithout("getConnectionInfo").user.create({ data });
    expect(await ledger.event()).toMatchObject({ sourceSchema: "public" });
  });
});
