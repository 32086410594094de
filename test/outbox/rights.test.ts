import { randomUUID } from "node:crypto";

import { runMigrations } from "graphile-worker";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { executorOf } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { installSchema } from "../../src/outbox/install-schema.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { testDatabase } from "../support/database.js";
import { empty, event, publish, subscribe, tasks } from "./steps.js";

const { url, pool } = await testDatabase();
const role = `app_${randomUUID()}`;

beforeAll(async () => {
  await pool.query(`create role "${role}"`);
  await pool.query(
    `do $$ begin execute format('grant create, temporary on database %I to "${role}"', current_database()); end $$`,
  );
  await pool.query(`grant create, usage on schema public to "${role}"`);
  await pool.query(`grant usage on schema event_bus to "${role}"`);
  await pool.query(`grant execute on function event_bus.publish(jsonb, integer) to "${role}"`);
  await pool.query(
    `grant execute on function event_bus.publish(text, jsonb, text, text, jsonb, jsonb, jsonb, jsonb, integer, uuid) to "${role}"`,
  );
});
afterAll(async () => {
  await pool.query(`drop owned by "${role}" cascade`);
  await pool.query(`drop role "${role}"`);
});

beforeEach(async () => {
  await empty(pool);
  await subscribe(pool, "E", ["one"]);
});

/** Runs `work` with the rights of the role, in a session of its own. */
async function asRole<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(`set role "${role}"`);
    return await work(client);
  } finally {
    // Not back into the pool: what the session has created is gone with it.
    client.release(true);
  }
}

const stored = async () =>
  (await findEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES)).map(({ aggregate }) => aggregate);

describe("a role that may only publish", () => {
  it("publishes, jobs included, by either form", async () => {
    await asRole(async (client) => {
      expect((await publish(client, [event("E", { aggregate: 1 })])).deliveries).toBe(1);
      const { rows } = await client.query(
        "select deliveries from event_bus.publish(name => 'E', aggregate => '2')",
      );
      expect(rows).toEqual([{ deliveries: 1 }]);
    });
    expect([await stored(), await tasks(pool)]).toEqual([
      [1, 2],
      ["event_bus:one", "event_bus:one"],
    ]);
  });

  it("publishes into the schema of another application's worker", async () => {
    await pool.query("create schema other_worker");
    await pool.query(
      "create type other_worker.job_spec as (task_identifier text, payload json, queue_name text, run_at timestamptz, max_attempts smallint, job_key text, priority smallint, flags text[])",
    );
    await pool.query("create table other_worker.added (task text)");
    await pool.query(
      `create function other_worker.add_jobs(specs other_worker.job_spec[]) returns setof text language sql as
       $$ insert into other_worker.added select s.task_identifier from unnest(specs) s returning task $$`,
    );
    await pool.query("update event_bus.subscriptions set worker_schema = 'other_worker'");
    await asRole((client) => publish(client, [event("E")]));
    expect((await pool.query("select task from other_worker.added")).rows).toEqual([
      { task: "event_bus:one" },
    ]);
  });

  it("cannot have its own code called with the rights of the bus's owner", async () => {
    await pool.query(`grant execute on function event_bus.subscribe(text, text, jsonb) to "${role}"`);
    const type =
      "(task_identifier text, payload json, queue_name text, run_at timestamptz, max_attempts smallint, job_key text, priority smallint, flags text[])";
    try {
      await asRole(async (client) => {
        const schemaOf = async (schema: string) => {
          await client.query(`create type ${schema}.job_spec as ${type}`);
          await client.query(
            `create function ${schema}.add_jobs(specs ${schema}.job_spec[]) returns setof text language sql as $$ select 'mine' $$`,
          );
        };
        await client.query("create schema mine");
        await schemaOf("mine");
        await schemaOf("pg_temp");
        const { rows } = await client.query("select pg_my_temp_schema()::regnamespace::text as name");
        for (const schema of ["mine", "pg_temp", rows[0].name, "nowhere"]) {
          const more = JSON.stringify([
            { event: "E", subscriber: "two", priority: 0, delayMs: 0, policy: {} },
          ]);
          await expect(
            client.query("select event_bus.subscribe('app', $1, $2)", [schema, more]),
          ).rejects.toMatchObject({ code: "42501", message: expect.stringContaining(`schema "${schema}"`) });
          // Nor when somebody has written it there.
          await pool.query("update event_bus.subscriptions set worker_schema = $1", [schema]);
          await expect(publish(client, [event("E")])).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
        }
      });
    } finally {
      await pool.query(`revoke execute on function event_bus.subscribe(text, text, jsonb) from "${role}"`);
    }
  });

  it.each([
    ["read events", "select from event_bus.events"],
    [
      "write events",
      "insert into event_bus.events (id, name, aggregate) values (gen_random_uuid(), 'E', '{}')",
    ],
    ["read subscriptions", "select from event_bus.subscriptions"],
    ["write deliveries", "delete from event_bus.deliveries"],
    ["read the schema's version", "select from event_bus.migrations"],
    ["settle", "select event_bus.settle('[]')"],
    ["claim", "select event_bus.claim(1, 1, 0, 'w', null, null, null)"],
    ["subscribe", "select event_bus.subscribe('app', 'graphile_worker', '[]')"],
    ["enqueue", "select event_bus.enqueue(null, null)"],
    ["add jobs by themselves", "select graphile_worker.add_job('x')"],
    ["create anything in our schema", "create table event_bus.mine ()"],
  ])("cannot %s", async (_, sql) => {
    await expect(asRole((client) => client.query(sql))).rejects.toMatchObject({ code: "42501" });
  });
});

/** Everything that our functions call by its bare name, as a trap in front of PostgreSQL's own. */
const TRAPS = [
  "create function trap.boom() returns void language plpgsql as $$ begin raise exception 'trapped as %', current_user; end $$",
  ...["jsonb_array_elements(jsonb)", "unnest(anyarray)", "jsonb_to_recordset(jsonb)"].map(
    (name) =>
      `create function trap.${name} returns setof record language sql as $$ select trap.boom(), $1 $$`,
  ),
  ...[
    "cardinality(anyarray)",
    "array_length(anyarray, integer)",
    "pg_notify(text, text)",
    "clock_timestamp()",
    "now()",
    "random()",
  ].map(
    (name) =>
      `create function trap.${name} returns integer language sql as $$ select trap.boom(); select 1 $$`,
  ),
  ...[
    "jsonb_build_array(jsonb)",
    "json_build_object(text, bigint)",
    "gen_random_uuid()",
    "pg_current_xact_id()",
  ].map(
    (name) =>
      `create function trap.${name} returns jsonb language sql as $$ select trap.boom(); select '{}'::jsonb $$`,
  ),
  "create function trap.next(bigint, anyelement) returns bigint language sql as $$ select trap.boom(); select 1::bigint $$",
  "create aggregate trap.count(anyelement) (sfunc = trap.next, stype = bigint)",
  "create aggregate trap.array_agg(anyelement) (sfunc = trap.next, stype = bigint)",
  "create function trap.arrow(jsonb, text) returns text language sql as $$ select trap.boom(); select 'x' $$",
  "create operator trap.->> (leftarg = jsonb, rightarg = text, function = trap.arrow)",
  "create function trap.same(text, text) returns boolean language sql as $$ select trap.boom(); select true $$",
  "create operator trap.= (leftarg = text, rightarg = text, function = trap.same)",
  "create operator trap.<> (leftarg = text, rightarg = text, function = trap.same)",
  "create function trap.glue(text, text) returns text language sql as $$ select trap.boom(); select 'x' $$",
  "create operator trap.|| (leftarg = text, rightarg = text, function = trap.glue)",
  "create domain trap.uuid as text check (false)",
  "create domain trap.jsonb as text check (false)",
  "create domain trap.json as text check (false)",
  "create domain trap.smallint as text check (false)",
];

describe("event_bus.publish", () => {
  it.each(["trap, pg_catalog", "trap, pg_catalog, event_bus, graphile_worker", "pg_temp, trap, pg_catalog"])(
    "calls nothing that somebody has put on the search_path %s",
    async (path) => {
      await asRole(async (client) => {
        await client.query("create schema trap");
        for (const trap of TRAPS) await client.query(trap);
        await client.query(
          "create temp table events (position bigint); create temp table subscriptions (id integer)",
        );
        await client.query(
          "create temp table _private_jobs (id bigint); create type pg_temp.job_spec as (a text)",
        );
        await client.query(
          "create domain pg_temp.uuid as text check (false); create domain pg_temp.wakeup as text",
        );
        await client.query(`set search_path = ${path}`);
        // The traps work.
        await expect(client.query("select now()")).rejects.toThrow("trapped as");
        await client.query(
          "select from event_bus.publish(events => pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('name', 'E', 'aggregate', 1)))",
        );
        await client.query("select from event_bus.publish(name => 'E', aggregate => '2'::pg_catalog.jsonb)");
        await client.query("reset search_path; drop schema trap cascade");
      });
      expect([await stored(), await tasks(pool)]).toEqual([
        [1, 2],
        ["event_bus:one", "event_bus:one"],
      ]);
    },
  );

  it("calls nothing that somebody has put into public", async () => {
    await asRole(async (client) => {
      await client.query(
        `create function public.jsonb_array_elements(jsonb, boolean default true) returns setof jsonb language plpgsql as
         $$ begin raise exception 'trapped as %', current_user; end $$`,
      );
      await client.query("set search_path = public, pg_catalog");
      await publish(client, [event("E", { aggregate: 1 })]);
    });
    expect(await stored()).toEqual([1]);
  });
});

describe("an installation by a role that is no superuser", () => {
  it("serves a role that may only publish", async () => {
    const names = { schema: "plain_bus", workerSchema: "plain_worker" };
    const installer = `installer_${randomUUID()}`;
    await pool.query(`create role "${installer}"`);
    await pool.query(
      `do $$ begin execute format('grant create on database %I to "${installer}"', current_database()); end $$`,
    );
    const owner = new pg.Pool({ connectionString: url, options: `-c role=${installer}` });
    owner.on("error", () => undefined);
    owner.on("connect", (client) => client.on("error", () => undefined));
    try {
      await runMigrations({ pgPool: owner, schema: names.workerSchema });
      const client = await owner.connect();
      await installSchema(client, names).finally(() => client.release());
      await subscribe(owner, "E", ["one"], names);
      await owner.query(`grant usage on schema plain_bus to "${role}"`);
      await owner.query(`grant execute on function plain_bus.publish(jsonb, integer) to "${role}"`);
      expect((await asRole((app) => publish(app, [event("E")], names))).deliveries).toBe(1);
      expect(await tasks(owner, names.workerSchema)).toEqual(["event_bus:one"]);
    } finally {
      await owner.end();
      await pool.query(`drop owned by "${installer}" cascade; drop role "${installer}"`);
    }
  });
});

describe("our functions", () => {
  it("cannot be called without a grant", async () => {
    const other = `other_${randomUUID()}`;
    await pool.query(`create role "${other}"; grant usage on schema event_bus to "${other}"`);
    const client = await pool.connect();
    try {
      await client.query(`set role "${other}"`);
      const attempts = [
        "event_bus.publish('[]'::jsonb)",
        "event_bus.publish(name => 'E', aggregate => '{}')",
      ];
      for (const call of attempts) {
        await expect(client.query(`select ${call}`)).rejects.toMatchObject({ code: "42501" });
      }
    } finally {
      client.release(true);
      await pool.query(`drop owned by "${other}"; drop role "${other}"`);
    }
  });

  it("never combine their owner's rights with the caller's search_path", async () => {
    const { rows } = await pool.query(
      `select p.oid::regprocedure::text as name, p.proconfig as settings from pg_proc p
        where p.pronamespace = 'event_bus'::regnamespace and p.prosecdef order by 1`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(5);
    for (const { settings } of rows) expect(settings).toContain("search_path=pg_catalog, pg_temp");
  });

  it("that run with their owner's rights are not open to everybody", async () => {
    const { rows } = await pool.query(
      `select p.oid::regprocedure::text as name from pg_proc p
        where p.pronamespace = 'event_bus'::regnamespace and p.prosecdef
          and has_function_privilege('public', p.oid, 'execute')`,
    );
    expect(rows).toEqual([]);
  });
});
