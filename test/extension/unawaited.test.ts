import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, openBus, openClient } from "./support/clients.js";
import { rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const bus = openBus(url);

type Db = Pick<BusClient, "$transaction">;
type Tx = Parameters<Parameters<BusClient["$transaction"]>[0]>[0];
const clients: Readonly<Record<string, Db>> = {
  "the extension without rules": base.$extends(eventBus({ events: [] })) as unknown as Db,
  "the extension": bus,
};

const patient = { maxWait: 20_000, timeout: 20_000 };

/** Something that a test opens. */
function gate() {
  let open = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { isOpen, open };
}

const settled = (promise: PromiseLike<unknown> | undefined) =>
  Promise.resolve(promise).then(
    () => "resolved",
    ({ code, message }: { code?: string; message: string }) =>
      `rejected ${code} ${String(message)
        .trim()
        .split("\n")
        .at(-1)
        ?.replace(/\d+ ms/g, "… ms")}`,
  );

/** Runs a callback that starts something and does not await it; what it comes to once the transaction is over. */
async function outcomesIn(
  db: Db,
  run: (tx: Tx, over: Promise<void>, float: (started: Promise<unknown>) => void) => Promise<unknown>,
) {
  await ledger.clear();
  const { isOpen, open } = gate();
  const floating: Promise<string>[] = [];
  const transaction = await settled(
    db.$transaction((tx) => run(tx as Tx, isOpen, (started) => floating.push(settled(started))), patient),
  );
  open();
  const others = await Promise.all(floating);
  const { rows } = await pool.query("select email from users order by id");
  return { transaction, others, rows: rows.map(({ email }) => email) };
}

const user = (email: string) => ({ data: { email } });

const forms: Readonly<Record<string, Parameters<typeof outcomesIn>[1]>> = {
  "a nested transaction, and returns": async (tx, over, float) => {
    await tx.user.create(user("before"));
    float(
      tx.$transaction(async (nested) => {
        await over;
        await nested.user.create(user("nested"));
      }),
    );
  },
  "a nested transaction that has written, and returns": async (tx, over, float) => {
    const { isOpen, open } = gate();
    float(
      tx.$transaction(async (nested) => {
        await nested.user.create(user("nested"));
        open();
        await over;
      }),
    );
    await isOpen;
  },
  "a nested transaction, and throws": async (tx, over, float) => {
    await tx.user.create(user("before"));
    float(
      tx.$transaction(async (nested) => {
        await over;
        await nested.user.create(user("nested"));
      }),
    );
    throw new Error("at once");
  },
  "a nested transaction in a nested one, and returns": async (tx, over, float) => {
    await tx.user.create(user("before"));
    await tx.$transaction(async (nested) => {
      float(
        nested.$transaction(async (third) => {
          await over;
          await third.user.create(user("third"));
        }),
      );
    });
  },
  "a nested transaction in a nested one, which fails and is caught": async (tx, over, float) => {
    await tx.user.create(user("before"));
    float(
      tx.$transaction(async (nested) => {
        float(nested.$transaction(() => over));
        throw new Error("at once");
      }),
    );
    await settled(tx.$transaction(() => Promise.resolve()));
  },
  "a nested transaction, and goes on in another one": async (tx, over, float) => {
    float(tx.$transaction(() => over));
    await settled(tx.$transaction(() => Promise.resolve()));
    await tx.balance.count();
  },
  "a nested transaction behind a call, and returns": async (tx, over, float) => {
    float(tx.user.create(user("before")).then((created) => created));
    float(tx.$transaction(() => over));
  },
  nothing: async (tx) => {
    await tx.user.create(user("before"));
    await tx.$transaction((nested) => nested.user.create(user("nested")));
  },
  "nothing, and catches what Prisma refuses": async (tx) => {
    await tx.user.create(user("before"));
    await settled(tx.user.create({ data: { nope: 1 } as never }));
    await settled(tx.user.update({ where: { id: 99 }, data: { name: "x" } }));
    await settled(tx.user.delete({ where: { id: 99 } }));
    await settled(tx.user.updateMany({ data: { nope: 1 } as never }));
  },
  "nothing, and catches a nested transaction that fails": async (tx) => {
    await tx.user.create(user("before"));
    await settled(
      tx.$transaction(async (nested) => {
        await nested.user.create(user("nested"));
        throw new Error("roll back");
      }),
    );
    await settled(tx.$transaction((nested) => nested.user.create(user("before"))));
    await tx.user.create(user("after"));
  },
  "nothing, and a call after the end": async (tx, over, float) => {
    float(over.then(() => tx.user.create(user("late"))));
    await tx.user.create(user("before"));
  },
};

describe("a callback that does not await", () => {
  it.each(Object.entries(forms))("%s: ends as without the extension", async (_, run) => {
    const expected = await outcomesIn(base as unknown as Db, run);
    for (const [name, db] of Object.entries(clients))
      expect(await outcomesIn(db, run), name).toEqual(expected);
  });
});

describe("calls of all kinds that the callback does not await", () => {
  // Without the extension it is a matter of luck which of them still are.
  const endings: Readonly<Record<string, () => void>> = {
    returns: () => undefined,
    throws: () => {
      throw new Error("later");
    },
  };

  it.each(Object.entries(endings))("are in it when the callback %s", async (_, end) => {
    const floating: Promise<string>[] = [];
    const { rows } = await outcomesIn(bus, async (tx) => {
      await tx.user.count();
      floating.push(settled(tx.user.create(user("before")).then((created) => created.email)));
      floating.push(
        settled(tx.$executeRaw`insert into users (email, updated_at) values ('raw', now())`.then((n) => n)),
      );
      floating.push(settled(tx.user.count().then((n) => n)));
      for (let turn = 0; turn < 5; turn++) await setImmediate();
      end();
    });
    expect(await Promise.all(floating)).toEqual(["resolved", "resolved", "resolved"]);
    expect(rows).toEqual(end === endings["throws"] ? [] : ["before", "raw"]);
    expect(await ledger.names()).toEqual(end === endings["throws"] ? [] : ["UserCreated"]);
  });
});

// PostgreSQL refuses events whose metadata say so.
await pool.query(`
  create function refuse_event() returns trigger language plpgsql as $$ begin
    raise exception 'event refused' using errcode = new.metadata ->> 'refuse';
  end $$;
  create trigger refuse_event before insert on event_bus.events for each row
    when (new.metadata ? 'refuse') execute function refuse_event()`);

const refused = { eventMetadata: { refuse: "XX000" } };

describe("a call that was aborted", () => {
  beforeEach(() => ledger.clear());

  const ways: Readonly<Record<string, (call: PromiseLike<unknown>) => unknown>> = {
    caught: (call) => settled(call),
    "not awaited": (call) => void settled(call),
  };

  describe.each(Object.entries(ways))("and %s", (_, leave) => {
    const calls: readonly (readonly [string, (tx: Tx) => PromiseLike<unknown>])[] = [
      ["create", (tx) => tx.user.create({ ...user("a"), ...refused })],
      ["createMany", (tx) => tx.user.createMany({ data: [{ email: "a" }], ...refused })],
      ["update", (tx) => tx.user.update({ where: { email: "first" }, data: { name: "x" }, ...refused })],
      ["deleteMany", (tx) => tx.user.deleteMany({ where: { email: "first" }, ...refused })],
      [
        "$publish",
        (tx) =>
          tx.$publish(
            rules.Label.create(
              { id: 1, name: "x" } as never,
              { aggregateKey: "1", metadata: { refuse: "XX000" } } as never,
            ),
          ),
      ],
    ];

    it.each(calls)("does not let the transaction look committed: %s", async (_, call) => {
      const outcome = bus.$transaction(async (tx) => {
        await tx.user.create(user("first"));
        await leave(call(tx as Tx));
      }, patient);
      await expect(outcome).rejects.toMatchObject({ message: expect.stringContaining("event refused") });
      expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
    });

    it.each(calls)("fails the nested transaction, and the outer one goes on: %s", async (_, call) => {
      await bus.$transaction(async (tx) => {
        await tx.user.create(user("first"));
        const nested = tx.$transaction(async (inner) => {
          await inner.user.create(user("second"));
          await leave(call(inner as Tx));
        });
        await expect(nested).rejects.toMatchObject({ message: expect.stringContaining("event refused") });
        await tx.user.create(user("third"));
      }, patient);
      expect(await ledger.names()).toEqual(["UserCreated", "UserCreated"]);
      expect((await pool.query("select email from users order by id")).rows).toEqual([
        { email: "first" },
        { email: "third" },
      ]);
    });

    it.each(calls)("is forgotten with a savepoint of the caller's own: %s", async (name, call) => {
      await bus.$transaction(async (tx) => {
        await tx.user.create(user("first"));
        await tx.$executeRaw`savepoint mine`;
        const failed = call(tx as Tx);
        await leave(failed);
        await settled(failed);
        await tx.$executeRaw`rollback to savepoint mine`;
      }, patient);
      expect(await ledger.names(), name).toEqual(["UserCreated"]);
    });
  });
});

describe("a callback that throws", () => {
  it("is not held up by a call that waits for a nested transaction", async () => {
    await ledger.clear();
    const { isOpen, open } = gate();
    const floating: Promise<string>[] = [];
    const outcome = bus.$transaction(async (tx) => {
      floating.push(settled(tx.$transaction(() => isOpen)));
      floating.push(settled(tx.user.create(user("waits"))));
      throw new Error("at once");
    }, patient);
    await expect(outcome).rejects.toThrow("at once");
    open();
    await Promise.all(floating);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });
});
