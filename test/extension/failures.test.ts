import { beforeEach, describe, expect, it } from "vitest";

import type { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { everything } from "./equivalence/seed.js";
import { openClient } from "./support/clients.js";
import { events, rules, UserCreated } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);

// `json` keeps what jsonb refuses: the escaped NUL character.
await pool.query(`alter table "Setting" alter column value type json`);

// PostgreSQL refuses events whose metadata say so.
await pool.query(`
  create function refuse_event() returns trigger language plpgsql as $$ begin
    raise exception 'event refused' using errcode = new.metadata ->> 'refuse';
  end $$;
  create trigger refuse_event before insert on event_bus.events for each row
    when (new.metadata ? 'refuse') execute function refuse_event()`);

const failing = new Error("when it fails");
const conditional = base.$extends(
  eventBus({
    events,
    capture: {
      User: {
        create: {
          event: UserCreated,
          when: () => {
            throw failing;
          },
        },
      },
    },
  }),
);
const capturing = base.$extends(eventBus({ events, capture: rules, maxEventBytes: 2_048 }));
const uninstalled = base.$extends(
  eventBus({ events, capture: rules, database: { schema: "no_such_schema" } }),
);
const metadataless = base.$extends(
  eventBus({
    events,
    capture: rules,
    metadata: () => {
      throw failing;
    },
  }),
);

type Db = Pick<typeof capturing, "user" | "setting" | "everything" | "$publish">;

interface Failure {
  readonly name: string;
  readonly client: Pick<typeof capturing, "$transaction"> & Db;
  readonly write: (db: Db) => Prisma.PrismaPromise<unknown>;
  readonly error: object;
}

const data = { email: "ann@example.org" };
const large = { email: "ann@example.org", name: "x".repeat(3_000) };

const failures: readonly Failure[] = [
  {
    name: "a condition that throws",
    client: conditional,
    write: (db) => db.user.create({ data }),
    error: { message: "when it fails" },
  },
  {
    name: "metadata that throw",
    client: metadataless,
    write: (db) => db.user.create({ data }),
    error: { message: "when it fails" },
  },
  {
    name: "a value that cannot be stored",
    client: capturing,
    write: (db) => db.setting.create({ data: { key: "k", value: "a\0b" } }),
    error: { code: "VALUE_NOT_STORABLE" },
  },
  {
    name: "a key that cannot be stored",
    client: capturing,
    write: (db) =>
      db.setting.upsert({ where: { key: "k" }, create: { key: "k", value: { "\0": 1 } }, update: {} }),
    error: { code: "VALUE_NOT_STORABLE" },
  },
  {
    name: "an event that is too large",
    client: capturing,
    write: (db) => db.user.create({ data: large }),
    error: { code: "EVENT_TOO_LARGE" },
  },
  {
    name: "metadata that are too large",
    client: capturing,
    write: (db) => db.user.create({ data, eventMetadata: { note: "x".repeat(3_000) } }),
    error: { code: "EVENT_TOO_LARGE" },
  },
  {
    name: "metadata that cannot be stored",
    client: capturing,
    write: (db) => db.user.create({ data, eventMetadata: { note: "a\0b" } }),
    error: { code: "VALUE_NOT_STORABLE" },
  },
  {
    name: "an event that PostgreSQL refuses",
    client: capturing,
    write: (db) => db.user.create({ data, eventMetadata: { refuse: "23514" } }),
    error: { message: expect.stringContaining("event refused") },
  },
  {
    name: "an event that PostgreSQL cannot serialize",
    client: capturing,
    write: (db) => db.user.create({ data, eventMetadata: { refuse: "40001" } }),
    error: { code: "P2034" },
  },
  {
    name: "an event bus that is not installed",
    client: uninstalled,
    write: (db) => db.user.create({ data }),
    error: { code: "SCHEMA_MISSING" },
  },
];

beforeEach(() => ledger.clear());

const written = async () => [await ledger.contents(), await ledger.names()];

describe.each(failures)("$name", ({ client, write, error }) => {
  it("fails a bare call, which writes nothing", async () => {
    await expect(write(client)).rejects.toMatchObject(error);
    expect(await written()).toEqual([{}, []]);
  });

  it("fails a batch, which writes nothing", async () => {
    const batch = client.$transaction([client.everything.create({ data: everything }), write(client)]);
    await expect(batch).rejects.toThrow();
    expect(await written()).toEqual([{}, []]);
  });

  it("fails the caller's transaction, also when the caller catches it", async () => {
    const caught: unknown[] = [];
    await client
      .$transaction(async (tx) => {
        await write(tx).catch((reason: unknown) => caught.push(reason));
        await base.label.count();
      })
      .catch(() => undefined);
    expect(caught).toMatchObject([error]);
    expect(await written()).toEqual([{}, []]);
  });

  it("leaves the caller's transaction no statement that works", async () => {
    const later: unknown[] = [];
    await client
      .$transaction(async (tx) => {
        await write(tx).catch(() => undefined);
        await tx.user.count().catch((reason: unknown) => later.push(reason));
      })
      .catch(() => undefined);
    expect(later).toHaveLength(1);
  });

  it("fails a nested transaction; the outer one can be committed", async () => {
    await client.$transaction(async (tx) => {
      await base.$queryRaw`select 1`;
      await tx.$transaction((nested) => write(nested)).catch(() => undefined);
      await (tx as unknown as typeof base).profile.count();
      await (tx as unknown as typeof base).$executeRaw`insert into "Label" (name) values ('kept')`;
    });
    expect(await written()).toEqual([{ '"Label"': ["(1,kept)"] }, []]);
  });

  it("fails a nested transaction also when that catches it", async () => {
    await client
      .$transaction(async (tx) => {
        await tx
          .$transaction(async (nested) => {
            await write(nested).catch(() => undefined);
          })
          .catch(() => undefined);
        await (tx as unknown as typeof base).$executeRaw`insert into "Label" (name) values ('kept')`.catch(
          () => undefined,
        );
      })
      .catch(() => undefined);
    const [contents, names] = await written();
    expect(names).toEqual([]);
    expect(Object.keys(contents as object).filter((table) => table !== '"Label"')).toEqual([]);
  });

  it("fails when it is called at the same time as another call", async () => {
    await client
      .$transaction((tx) =>
        Promise.allSettled([
          write(tx),
          tx.user.update({ where: { id: 5 }, data: {} }).catch(() => undefined),
        ]),
      )
      .catch(() => undefined);
    expect(await written()).toEqual([{}, []]);
  });
});

describe("$publish that fails", () => {
  const TooLarge = () => UserCreated({ id: 1, name: "x".repeat(3_000) } as never);

  it("fails the caller's transaction, also when the caller catches it", async () => {
    await capturing
      .$transaction(async (tx) => {
        await tx.user.create({ data });
        await tx.$publish(TooLarge()).catch(() => undefined);
      })
      .catch(() => undefined);
    // What was never published is no row without its event: either is right, half of it is not.
    const { rows, events: count } = await ledger.counts();
    expect(count).toBe(rows);
  });
});

describe("a table of events that is gone", () => {
  it("fails the write with what to do", async () => {
    await pool.query("alter schema event_bus rename to hidden");
    try {
      await expect(capturing.user.create({ data })).rejects.toMatchObject({
        code: "SCHEMA_MISSING",
        message: expect.stringContaining("npx ex-event-bus migrate"),
      });
      expect(await base.user.count()).toBe(0);
    } finally {
      await pool.query("alter schema hidden rename to event_bus");
    }
  });

  it("fails the write when graphile-worker is gone", async () => {
    await ledger.subscribe(["mailer"], ["UserCreated"]);
    await pool.query("alter schema graphile_worker rename to hidden");
    try {
      await expect(capturing.user.create({ data })).rejects.toMatchObject({ code: "SCHEMA_MISSING" });
      expect(await base.user.count()).toBe(0);
    } finally {
      await pool.query("alter schema hidden rename to graphile_worker");
    }
  });
});

describe("an answer that Prisma cannot read", () => {
  it("does not commit what was written, even when the error is caught", async () => {
    // The adapter knows no tsvector: the row is inserted, and then RETURNING cannot be read.
    await pool.query(`alter table users alter column name type tsvector using name::tsvector`);
    try {
      await ledger.clear();
      const write = async (tx: Pick<typeof capturing, "user">) =>
        expect(Promise.resolve(tx.user.create({ data: { email: "a", name: "x" } }))).rejects.toThrow();
      await capturing.$transaction(write).catch(() => undefined);
      expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
    } finally {
      await pool.query(`alter table users alter column name type text using name::text`);
    }
  });
});
