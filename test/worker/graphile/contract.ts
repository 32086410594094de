import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { type RunnerOptions, run, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Pool, PoolClient } from "pg";
import { describe, expect, it, onTestFinished } from "vitest";

import type { KNOWN_VERSIONS } from "../../../src/log/known-versions.js";
import {
  KNOWN_STATEMENTS,
  statementRecogniser,
  withSingleSpaces,
} from "../../../src/outbox/graphile/known-statements.js";
import { withSchemas } from "../../../src/outbox/schema-names.js";
import { guardedPool } from "../../../src/worker/graphile/guarded-pool.js";
import { explainStart, graphileScript, migrateGraphile } from "../../../src/worker/graphile/migrations.js";
import { quietLogger } from "../../../src/worker/graphile/quiet-logger.js";
import { recordStatements, unknownStatements } from "../../../src/worker/graphile/record-statements.js";
import { IN_BATCHES } from "../../../src/worker/graphile/run-options.js";
import { migrate } from "../../../src/worker/migrate.js";
import { eventually } from "../../support/eventually.js";
import { describeSchemas, emptyDatabases } from "../empty-database.js";
import { gate, workerFixture } from "../worker-fixture.js";

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const ENTRIES = new URL("../../../src/worker/graphile/CONTRACT.md", import.meta.url);

function ignore(): void {}

/** One test for each entry of src/worker/graphile/CONTRACT.md, with the graphile-worker that `graphile-worker` is in this file. */
export async function describeContract(
  version: (typeof KNOWN_VERSIONS)[number],
  lastMigration: number,
): Promise<void> {
  const emptyDatabase = emptyDatabases();
  const { pool, names, options, start, subscriber, publish, allIn, deliveries, jobs } = await workerFixture();
  await migrate(options([subscriber("one", ignore)]));

  pool.on("connect", (client) => client.on("error", ignore));

  const titles: string[] = [];
  const entry = (title: string, test: () => Promise<void>) => {
    titles.push(title);
    it(title, test);
  };

  /** Statements on the way from graphile-worker to the database, and how it asked for connections. */
  const recorded = (answer: (query: unknown, text: string) => unknown = () => undefined) => {
    const texts: string[] = [];
    const asked: ("callback" | "promise")[] = [];
    const connect = (...args: unknown[]) => {
      asked.push(typeof args[0] === "function" ? "callback" : "promise");
      if (typeof args[0] === "function") return pool.connect(args[0] as never);
      return pool.connect().then((client: PoolClient) => ({
        query: (...query: unknown[]) => {
          const [first] = query as [string | { readonly text: string }];
          const text = typeof first === "string" ? first : first.text;
          texts.push(text);
          return answer(first, text) ?? Reflect.apply(client.query, client, query);
        },
        release: () => client.release(),
      }));
    };
    // The pool's own way to send one statement asks with a callback too.
    const query = pool.query.bind(pool);
    return {
      texts,
      asked,
      pool: Object.create(pool, { connect: { value: connect }, query: { value: query } }) as Pool,
    };
  };

  type Given = Partial<Omit<RunnerOptions, "preset">> & {
    readonly tasks?: TaskList;
    readonly worker?: object;
    readonly hooks?: object;
    readonly middleware?: object;
  };
  const graphile = async ({
    tasks = { probe: ignore },
    worker,
    hooks = {},
    middleware = {},
    ...more
  }: Given = {}) => {
    const events: WorkerEvents = new EventEmitter();
    const told: { readonly name: string; readonly at: object }[] = [];
    let id = "";
    events.on("pool:create", ({ workerPool }) => {
      id = workerPool.id;
    });
    const names = [
      "worker:getJob:start",
      "worker:getJob:empty",
      "worker:getJob:error",
      "localQueue:getJobs:complete",
    ];
    for (const name of [
      ...names,
      "job:start",
      "job:complete",
      "worker:release",
      "pool:fatalError",
      "pool:listen:error",
    ])
      events.on(name as never, (at: object) => void told.push({ name, at }));
    const runner = await run({
      pgPool: pool,
      taskList: tasks,
      parsedCronItems: [],
      events,
      logger: quietLogger(SILENT),
      noHandleSignals: true,
      preset: {
        plugins: [{ name: "Test", version: "0", worker: { hooks, middleware } } as never],
        worker: { concurrentJobs: 1, pollInterval: 50, ...IN_BATCHES, ...worker },
      },
      ...more,
    });
    onTestFinished(() => runner.stop().catch(ignore));
    const of = (name: string) => told.filter((one) => one.name === name);
    return { runner, events, told, of, id: () => id };
  };
  const add = (identifier = "probe") => pool.query("select graphile_worker.add_job($1, '{}')", [identifier]);
  const rows = async (columns = "locked_by, attempts") =>
    (await pool.query(`select ${columns} from graphile_worker._private_jobs order by id`)).rows;

  describe(`graphile-worker ${version}`, () => {
    it("has a test for each entry of the contract, and an entry for each test", () => {
      const text = readFileSync(ENTRIES, "utf8");
      expect(
        Array.from(text.matchAll(/^\| [^|]+ \| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm), ([, title]) => title).slice(
          2,
        ),
      ).toEqual(titles);
    });

    entry("sends the known statements for jobs, and no others", async () => {
      const known = KNOWN_STATEMENTS.filter(({ versions }) => versions.includes(version));
      const recognise = statementRecogniser(names);
      const sent = (await recordStatements(names.workerSchema)).flatMap(({ statements }) => statements);
      const ofJobs = sent.filter((text) => text.includes("_private_jobs"));
      expect(ofJobs.filter((text) => recognise(text) === undefined)).toEqual([]);
      expect(new Set(ofJobs.map((text) => recognise(text)?.statement))).toEqual(new Set(known));
      expect(await unknownStatements(names)).toEqual([]);
      const other = { ...names, workerSchema: 'Other "schema"  limit 5' };
      expect(await unknownStatements(other)).toEqual([]);
      // The texts are those of the installed version, and not only alike.
      const [one] = known;
      expect(ofJobs.map(withSingleSpaces)).toContain(
        withSingleSpaces(withSchemas(one?.text ?? "", names)).replace(":LIMIT", "1"),
      );
    });

    entry(
      "hands the row that a look for jobs was answered with to the task, as the same object",
      async () => {
        const { rows: tasks } = await pool.query<{ id: number }>(
          "insert into graphile_worker._private_tasks (identifier) values ('probe') on conflict (identifier) do update set identifier = excluded.identifier returning id",
        );
        const mark = Symbol("mark");
        const row = {
          id: "1",
          job_queue_id: null,
          task_id: tasks[0]?.id,
          payload: { p: 1 },
          attempts: 1,
          max_attempts: 2,
          [mark]: "kept",
        };
        const recognise = statementRecogniser(names);
        const answers = [{ rows: [row] }];
        const source = {
          answer(query: unknown) {
            const kind = recognise((query as { readonly text?: string }).text ?? "")?.statement.kind;
            return kind === "take" ? Promise.resolve(answers.shift() ?? { rows: [] }) : undefined;
          },
        };
        const guarded = guardedPool(pool, {
          source,
          listens: true,
          isSilent: () => false,
          isStopping: () => false,
          onBroken: ignore,
        });
        const seen = gate<[unknown, object]>();
        await graphile({
          pgPool: guarded,
          tasks: { probe: (payload, { job }) => seen.open([payload, job]) },
        });
        const [payload, job] = await seen.opened;
        expect(payload).toBe(row.payload);
        expect(job).toMatchObject({ id: "1", [mark]: "kept" });
      },
    );

    entry("locks jobs by the id of its pool, which pool:create tells before run() resolves", async () => {
      await add();
      const held = gate<readonly object[]>();
      const { id } = await graphile({ tasks: { probe: async () => held.open(await rows()) } });
      expect(id()).toMatch(/^pool-/);
      expect(await held.opened).toEqual([{ locked_by: id(), attempts: 1 }]);
    });

    entry("waits for the hook startWorker before it looks for jobs", async () => {
      const { opened, open } = gate();
      const called = gate();
      const { texts, pool: pgPool } = recorded();
      const { of } = await graphile({
        pgPool,
        hooks: {
          startWorker: () => {
            called.open();
            return opened;
          },
        },
      });
      await called.opened;
      onTestFinished(() => open());
      expect([of("worker:getJob:start"), texts.filter((text) => text.includes("_private"))]).toEqual([
        [],
        [],
      ]);
      open();
      await eventually(() => expect(of("worker:getJob:empty").length).toBeGreaterThan(0));
    });

    entry("runs the middleware poolGracefulShutdown before its workers are told to stop", async () => {
      const { opened, open } = gate();
      const called = gate();
      const { runner, of } = await graphile({
        middleware: {
          async poolGracefulShutdown(next: () => unknown) {
            called.open();
            await opened;
            return next();
          },
        },
      });
      const stopped = runner.stop();
      await called.opened;
      const looks = of("worker:getJob:empty").length;
      await eventually(() => expect(of("worker:getJob:empty").length).toBeGreaterThan(looks + 1));
      expect(of("worker:release")).toEqual([]);
      open();
      await stopped;
      expect(of("worker:release")).toHaveLength(1);
    });

    entry(
      "asks forbiddenFlags before each look, waits for it, and asks in the turn of job:complete",
      async () => {
        const steps: string[] = [];
        const { opened, open } = gate<null>();
        let isSameTurn = false;
        const { events, of } = await graphile({
          forbiddenFlags: () => {
            steps.push(isSameTurn ? "asked at once" : "asked");
            return isSameTurn ? opened : null;
          },
        });
        events.on("worker:getJob:start", () => void steps.push("looks"));
        events.on("job:complete", () => {
          isSameTurn = true;
          queueMicrotask(() => {
            isSameTurn = false;
          });
        });
        await add();
        await eventually(() => expect(steps.at(-1)).toBe("asked at once"));
        const looks = of("worker:getJob:start").length;
        // No other is made meanwhile, however often it would poll.
        await pool.query("select pg_sleep(0.2)");
        expect(of("worker:getJob:start")).toHaveLength(looks);
        open(null);
        await eventually(() => expect(of("worker:getJob:start").length).toBeGreaterThan(looks));
      },
    );

    entry("tells of looks and what they found, with a local queue too", async () => {
      await add();
      const alone = await graphile();
      await eventually(() => expect(alone.of("worker:getJob:empty").length).toBeGreaterThan(0));
      expect([alone.of("job:start").length, alone.of("job:complete").length]).toEqual([1, 1]);
      await alone.runner.stop();
      await add();
      const queued = await graphile({ worker: { localQueue: { size: 4 } } });
      await eventually(() => expect(queued.of("localQueue:getJobs:complete").length).toBeGreaterThan(1));
      expect(
        queued
          .of("localQueue:getJobs:complete")
          .slice(0, 2)
          .map(({ at }) => (at as { jobs: object[] }).jobs.length),
      ).toEqual([1, 0]);
    });

    entry(
      "listens on the one connection that it asks for with a callback, right after pool:listen:success",
      async () => {
        const { asked, pool: pgPool } = recorded();
        const first = gate<string>();
        const events: WorkerEvents = new EventEmitter();
        events.on("pool:listen:success", ({ client }) => {
          const { query } = client;
          client.query = ((text: string) => {
            client.query = query;
            first.open(text);
            return client.query(text);
          }) as never;
        });
        await graphile({ pgPool, events });
        expect(await first.opened).toBe('LISTEN "jobs:insert"; LISTEN "worker:migrate";');
        expect(asked.filter((way) => way === "callback")).toHaveLength(1);
      },
    );

    entry("looks when a notification counts jobs, and does not for a count of 0", async () => {
      const { events, of } = await graphile({ worker: { pollInterval: 60_000 } });
      const heard: string[] = [];
      events.on("pool:listen:notification", ({ message }) => void heard.push(String(message.payload)));
      await eventually(() => expect(of("worker:getJob:empty")).toHaveLength(1));
      await eventually(async () => {
        await pool.query(`select pg_notify('jobs:insert', '{"count":0}')`);
        expect(heard).not.toEqual([]);
      });
      expect(of("worker:getJob:start")).toHaveLength(1);
      await pool.query(`select pg_notify('jobs:insert', '{"count":1}')`);
      await eventually(() => expect(of("worker:getJob:start")).toHaveLength(2));
    });

    entry(
      "sets the exit code in the turn of the notification of a breaking migration, and stops",
      async () => {
        const { exitCode } = process;
        onTestFinished(() => {
          process.exitCode = exitCode;
        });
        const codes: unknown[] = [];
        const { runner, events, of } = await graphile();
        const told = gate();
        events.on("pool:listen:notification", ({ message }) => {
          if (message.channel !== "worker:migrate" || codes.length > 0) return;
          codes.push(process.exitCode);
          queueMicrotask(() => {
            codes.push(process.exitCode);
            process.exitCode = exitCode;
            told.open();
          });
        });
        await eventually(() => expect(of("worker:getJob:empty").length).toBeGreaterThan(0));
        // Whatever is sent before it listens does not come.
        await eventually(async () => {
          if (codes.length === 0)
            await pool.query(`select pg_notify('worker:migrate', '{"breaking":true,"migrationNumber":99}')`);
          expect(codes).not.toEqual([]);
        });
        await told.opened;
        expect(codes).toEqual([exitCode, 57]);
        await runner.promise;
      },
    );

    entry(
      "unlocks jobs by the id of a pool, with force_unlock_workers, and leaves attempts and time as they were",
      async () => {
        await add();
        await pool.query(
          "update graphile_worker._private_jobs set locked_by = 'pool-x', locked_at = now(), attempts = 1",
        );
        await pool.query("select graphile_worker.force_unlock_workers(array['pool-y'])");
        expect(await rows()).toEqual([{ locked_by: "pool-x", attempts: 1 }]);
        const [before] = await rows("run_at");
        await pool.query("select graphile_worker.force_unlock_workers(array['pool-x'])");
        expect(await rows("locked_by, locked_at, attempts, run_at")).toEqual([
          { locked_by: null, locked_at: null, attempts: 1, ...before },
        ]);
      },
    );

    entry("notifies in add_jobs by a name without a schema", async () => {
      await pool.query(`drop schema if exists quiet cascade; create schema quiet;
        create function quiet.pg_notify(text, text) returns void language sql as '';
        create function quiet.add() returns bigint language plpgsql set search_path = quiet, pg_catalog as
          $$ begin return (select count(*) from graphile_worker.add_jobs(specs =>
               array[row('probe', '{}', null, null, 32767::smallint, null, 0::smallint, null)::graphile_worker.job_spec])); end $$`);
      const client = await pool.connect();
      const heard: string[] = [];
      client.on(
        "notification",
        ({ channel, payload }) => void heard.push(channel === "jobs:insert" ? "jobs" : String(payload)),
      );
      await client.query(`listen "jobs:insert"; listen "last"`);
      await pool.query("select quiet.add()");
      await add();
      await pool.query("notify last, 'end'");
      await eventually(() => expect(heard.at(-1)).toBe("end"));
      expect(heard).toEqual(["jobs", "end"]);
      client.release(true);
      expect(await rows("max_attempts")).toEqual([{ max_attempts: 32_767 }, { max_attempts: 25 }]);
      await pool.query("drop schema quiet cascade");
    });

    entry("has the columns and functions that statements of the package name", async () => {
      const { rows: columns } = await pool.query<{ name: string }>(
        `select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) as name
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          where c.relnamespace = 'graphile_worker'::regnamespace and c.relname in ('_private_jobs', '_private_tasks', 'job_spec')`,
      );
      expect(columns.map(({ name }) => name)).toEqual(
        expect.arrayContaining(
          [
            ...[
              "id bigint",
              "job_queue_id integer",
              "task_id integer",
              "payload json",
              "priority smallint",
              "attempts smallint",
            ],
            ...[
              "run_at timestamp with time zone",
              "max_attempts smallint",
              "locked_by text",
              "is_available boolean",
            ],
            "locked_at timestamp with time zone",
          ].map((column) => `_private_jobs.${column}`),
        ),
      );
      expect(columns.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["_private_tasks.id integer", "_private_tasks.identifier text"]),
      );
      expect(columns.filter(({ name }) => name.startsWith("job_spec.")).map(({ name }) => name)).toEqual(
        [
          "identifier text",
          "payload json",
          "queue_name text",
          "run_at timestamp with time zone",
          "max_attempts smallint",
          "job_key text",
          "priority smallint",
          "flags text[]",
        ].map((column) => `job_spec.${column}`),
      );
      const { rows: available } = await pool.query(
        `select pg_get_expr(d.adbin, d.adrelid) as expression from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
          where d.adrelid = 'graphile_worker._private_jobs'::regclass and a.attname = 'is_available'`,
      );
      expect(available).toEqual([{ expression: "((locked_at IS NULL) AND (attempts < max_attempts))" }]);
      const { rows: last } = await pool.query("select max(id) as id from graphile_worker.migrations");
      expect(last).toEqual([{ id: lastMigration }]);
    });

    entry("asks once for the ids of its tasks, and gives up for good when that fails", async () => {
      const asks = (texts: readonly string[]) =>
        texts.filter((text) => text.startsWith("select id, identifier"));
      const well = recorded();
      const { of } = await graphile({ pgPool: well.pool });
      await eventually(() => expect(of("worker:getJob:empty").length).toBeGreaterThan(3));
      expect(asks(well.texts)).toHaveLength(1);
      const ill = recorded((_, text) =>
        text.startsWith("select id, identifier") ? Promise.reject(new Error("no ids")) : undefined,
      );
      const failing = await graphile({ pgPool: ill.pool });
      await eventually(() => expect(failing.of("worker:getJob:error").length).toBeGreaterThan(3));
      expect(asks(ill.texts)).toHaveLength(1);
      expect(failing.of("worker:getJob:empty")).toEqual([]);
    });

    entry("tells of a deletion and of listening that failed, and resolves after the former", async () => {
      const gone = new Error("gone");
      const failing = recorded((_, text) => (text.startsWith("delete") ? Promise.reject(gone) : undefined));
      await add();
      const { runner, of } = await graphile({ pgPool: failing.pool });
      await runner.promise;
      expect(of("pool:fatalError")).toMatchObject([{ at: { error: gone } }]);
      const deaf = Object.create(pool, {
        connect: { value: (given: unknown) => (typeof given === "function" ? given(gone) : pool.connect()) },
      }) as Pool;
      const other = await graphile({ pgPool: deaf });
      await eventually(() => expect(other.of("pool:listen:error")).toMatchObject([{ at: { error: gone } }]));
    });

    entry("deletes a finished job by its id, whoever holds it by then", async () => {
      await add();
      const { of } = await graphile({
        tasks: {
          probe: async () =>
            void (await pool.query("update graphile_worker._private_jobs set locked_by = 'another'")),
        },
      });
      await eventually(() => expect(of("job:complete")).toHaveLength(1));
      await eventually(async () => expect(await rows()).toEqual([]));
    });

    entry("gives back what its local queue holds, with the attempt taken off", async () => {
      for (let n = 0; n < 3; n++) await add();
      const { opened, open } = gate();
      const { runner, of } = await graphile({
        worker: { localQueue: { size: 4 } },
        tasks: { probe: () => opened },
      });
      await eventually(() => expect(of("job:start")).toHaveLength(1));
      const stopped = runner.stop();
      await eventually(async () =>
        expect((await rows()).filter(({ locked_by }) => locked_by === null)).toHaveLength(2),
      );
      expect((await rows("attempts")).map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
      open();
      await stopped;
    });

    entry("refuses a second stop while the first one is on its way", async () => {
      const { runner } = await graphile();
      const first = runner.stop();
      await expect(runner.stop()).rejects.toThrow("already");
      await first;
      await runner.promise;
    });

    entry("installs its schema by statements that can be recorded", async () => {
      const [scripted, migrated] = [await emptyDatabase(), await emptyDatabase()];
      const lines: string[] = [];
      await migrateGraphile(migrated.pool, "gw", {
        ...SILENT,
        debug: (_, fields) => void lines.push(String(fields?.["line"])),
      });
      await scripted.pool.query(await graphileScript("gw"));
      expect(await describeSchemas(scripted.pool, ["gw"])).toEqual(
        await describeSchemas(migrated.pool, ["gw"]),
      );
      // The only lines of its steps that are passed on.
      expect(lines.filter((line) => line.startsWith("Running "))).toHaveLength(lastMigration);
    });

    entry("says of a schema that is too new that it is unsafe to continue", async () => {
      const { exitCode } = process;
      const { pool: own } = await emptyDatabase();
      await migrateGraphile(own, "gw", SILENT);
      await own.query("insert into gw.migrations (id, breaking) values (999999, true)");
      const error = await migrateGraphile(own, "gw", SILENT).catch(explainStart);
      process.exitCode = exitCode;
      expect(error).toMatchObject({ code: "SCHEMA_TOO_NEW" });
    });

    describe.each(["normal", "high"] as const)("with throughput %s", (throughput) => {
      it("makes deliveries, and sends no statement of its own to take or to delete jobs", async () => {
        let failures = 1;
        const handle = () => {
          if (failures-- > 0) throw new Error("once");
        };
        const { of } = await start(
          [subscriber("one", handle, { retry: { maxAttempts: 3, backoff: () => 1 } })],
          {
            worker: { concurrency: 3, throughput },
          },
        );
        await publish(50);
        await allIn("delivered", 50);
        await eventually(async () => expect(await jobs()).toEqual([]));
        expect((await deliveries()).filter(({ attempts }) => attempts === 2)).toHaveLength(1);
        expect(of("worker:unknown-statement")).toEqual([]);
      });
    });
  });
}
