import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { everything } from "./equivalence/seed.js";
import { openBus, openClient } from "./support/clients.js";
import type { Interruption } from "./support/interrupted.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);
const where = { id: 1 };

beforeEach(() => ledger.clear());

describe("a session with other settings", () => {
  it.each([
    ["timezone", "America/New_York"],
    ["timezone", "Asia/Kathmandu"],
    ["bytea_output", "escape"],
    ["extra_float_digits", "-10"],
    ["standard_conforming_strings", "off"],
    ["search_path", "pg_catalog"],
  ])(
    "%s = %s finds old values as Prisma reads them, and no change where there is none",
    async (name, value) => {
      const there = new URL(url);
      there.searchParams.set("options", `-c ${name}=${value.replaceAll(" ", "\\ ")}`);
      const client = openBus(there.href);
      const { id } = await client.everything.create({ data: everything });
      const found = await openClient(there.href).everything.findMany();
      const row = found[0];
      await client.everything.update({ where: { id }, data: { text: everything.text } });
      expect(await ledger.names()).toEqual(["EverythingCreated"]);
      const changes = {
        date: new Date(9),
        dateTz: new Date(9),
        float: 9,
        bytes: new Uint8Array([9]),
        decimalOpt: 9,
      };
      await client.everything.update({ where: { id }, data: changes });
      const { date, dateTz, float, bytes, decimalOpt } = row as NonNullable<typeof row>;
      const [created, updated] = await ledger.events();
      expect(created?.aggregate).toEqual(row);
      expect(updated?.initialData).toEqual({ date, dateTz, float, bytes, decimalOpt });
    },
  );
});

describe("values that only SQL can write", () => {
  it.each([
    ["float", "'NaN'"],
    ["float", "'-Infinity'"],
    ['"decimal"', "'NaN'"],
    ["big", "-9223372036854775808"],
    ["date", "'0001-01-01 00:00:00'"],
    ["date", "'9999-12-31 23:59:59.999'"],
    ['"dateOpt"', "'0099-02-28'"],
    ['"jsonOpt"', "'null'"],
    ['"jsonOpt"', "'12345678901234567890.5'"],
    ['"textList"', "null"],
    ['"textList"', "'{NULL,a}'"],
    ['"dateList"', "'{2020-01-01}'"],
    ['"decimalList"', "'{1.50,0}'"],
    ['"bigList"', "'{9007199254740993}'"],
  ])("%s = %s: writing another field is one change", async (column, value) => {
    await base.everything.create({ data: everything });
    await pool.query(`update every_thing set ${column} = ${value}`);
    const outcome = async (db: Pick<typeof prisma, "everything">) =>
      Promise.resolve(db.everything.update({ where, data: { text: "other" } })).then(
        () => "done",
        () => "failed",
      );
    const without = await outcome(base as unknown as typeof prisma);
    await pool.query("update every_thing set text = 'before'");
    expect(await outcome(prisma)).toBe(without);
    if (without === "done") {
      expect(await ledger.event()).toMatchObject({
        changes: { text: "other" },
        initialData: { text: "before" },
      });
      expect(Object.keys((await ledger.event()).changes)).toEqual(["text"]);
    }
  });
});

describe("columns of every type that the Prisma schema language has a name for", () => {
  it.each([
    ["text", "varchar(50)", "'a'"],
    ["text", "char(20)", "'a'"],
    ["text", "xml", "'<a/>'"],
    ["text", "inet", "'10.0.0.1/8'"],
    ["text", "bit(3)", "'101'"],
    ["text", "varbit", "'101'"],
    ["text", "uuid", "'0190a000-0000-7000-8000-000000000009'"],
    ["int", "smallint", "7"],
    ["int", "oid", "4000000000"],
    ["float", "real", "0.1"],
    ["decimal", "numeric(30, 10)", "1.5"],
    ["decimal", "money", "12.5"],
    ["date", "timestamptz", "'2020-02-29 12:00:00.123+03'"],
    ["date", "timestamp(0)", "'2020-02-29 12:00:00'"],
    ["date", "timestamp(6)", "'2020-02-29 12:00:00.123456'"],
    ["date", "date", "'2020-02-29'"],
    ["date", "time", "'12:34:56.789'"],
    ["date", "timetz", "'12:34:56+03'"],
    ["json", "json", `'{"b": 1, "a": [1.0]}'`],
    ["textList", "varchar(5)[]", "'{a}'"],
    ["textList", "inet[]", "'{10.0.0.1}'"],
    ["intList", "smallint[]", "'{1,2}'"],
    ["dateList", "timestamptz[]", "'{2020-02-29 12:00:00+03}'"],
    ["dateList", "time[]", "'{12:34:56}'"],
    ["decimalList", "money[]", "'{1.50}'"],
    ["jsonList", "json[]", `'{"{\\"a\\": 1}"}'`],
    ["floatList", "real[]", "'{0.1}'"],
  ])("%s as %s: what did not change is no change", async (column, type, value) => {
    await base.everything.create({ data: everything });
    const name = `"${column}"`;
    const back = await pool.query(
      "select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'every_thing'::regclass and attname = $1",
      [column],
    );
    await pool.query(`alter table every_thing alter column ${name} type ${type} using ${value}::${type}`);
    try {
      const [row] = await base.everything.findMany();
      await prisma.everything.update({ where, data: { intOpt: 5 } });
      const event = await ledger.event();
      expect([event.changes, event.initialData]).toEqual([{ intOpt: 5 }, { intOpt: null }]);
      expect(event.aggregate).toEqual({ ...row, intOpt: 5 });
    } finally {
      await pool.query("delete from every_thing");
      await pool.query(
        `alter table every_thing alter column ${name} type ${back.rows[0].type} using null::${back.rows[0].type}`,
      );
    }
  });
});

describe("triggers of the table", () => {
  it("that change the row before it is written are seen", async () => {
    await pool.query(`
      create function nickname() returns trigger language plpgsql as
        $$ begin new.nick_name := upper(new.name); return new; end $$;
      create trigger nickname before insert or update on users for each row execute function nickname()`);
    try {
      await prisma.user.create({ data: { email: "a", name: "ann" } });
      await prisma.user.update({ where, data: { name: "bob" } });
      const [created, updated] = await ledger.events();
      expect(created?.aggregate).toMatchObject({ nickName: "ANN" });
      expect(updated?.changes).toMatchObject({ name: "bob", nickName: "BOB" });
      expect(updated?.initialData).toMatchObject({ name: "ann", nickName: "ANN" });
    } finally {
      await pool.query("drop trigger nickname on users");
    }
  });

  it("that refuse the write leave nothing", async () => {
    await pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
      create trigger refuse after insert on users for each row execute function refuse()`);
    try {
      await expect(prisma.user.create({ data: { email: "a" } })).rejects.toThrow("refused");
      expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
    } finally {
      await pool.query("drop trigger refuse on users");
    }
  });
});

describe("a connection that is cut", () => {
  const interruption: Interruption = {
    async before(statement) {
      if (!/"event_bus"\.publish/.test(statement)) return;
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and state = 'idle in transaction'`,
      );
    },
  };
  const cutting = openBus(url, { interruption });

  it("between the write and its event leaves neither; the next call works", async () => {
    await expect(cutting.user.create({ data: { email: "a" } })).rejects.toThrow();
    const inside = cutting.$transaction(async (tx) => {
      await tx.user.create({ data: { email: "b" } }).catch(() => undefined);
    });
    await inside.catch(() => undefined);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
    await prisma.user.create({ data: { email: "c" } });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 1, jobs: 0 });
  });
});
