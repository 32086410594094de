import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";

import { executorOf } from "../../../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../../src/outbox/settle-deliveries.js";
import { guardedPool } from "../../../src/worker/graphile/guarded-pool.js";
import { openJobSource } from "../../../src/worker/graphile/job-source.js";
import { recordStatements } from "../../../src/worker/graphile/record-statements.js";
import { subscribe } from "../../outbox/steps.js";
import { eventually } from "../../support/eventually.js";
import { workerFixture } from "../worker-fixture.js";

const { pool, start, subscriber, publish, allIn, jobs, deliveries } = await workerFixture();
const names = DEFAULT_SCHEMA_NAMES;

interface StoredJob {
  readonly id: string;
  readonly payload: { readonly p: number; readonly s: number };
}

async function storedJobs(): Promise<readonly StoredJob[]> {
  const text = "select id, payload, locked_by, attempts from graphile_worker._private_jobs order by id";
  return (await pool.query<StoredJob>(text)).rows;
}

/** Statements that anybody sends, as they are: nothing is replaced. */
const sent: string[] = [];
const query = pg.Client.prototype.query;
afterEach(() => {
  pg.Client.prototype.query = query;
  sent.length = 0;
});
function watchStatements(): void {
  pg.Client.prototype.query = function (this: pg.Client, ...args: never[]) {
    const [statement] = args as unknown as [string | { readonly text?: string }];
    sent.push(typeof statement === "string" ? statement : (statement?.text ?? ""));
    return Reflect.apply(query, this, args) as never;
  } as never;
}

describe.each(["normal", "high"] as const)("with throughput %s, graphile-worker", (throughput) => {
  it("sends no statement of its own to take or to delete the jobs of deliveries", async () => {
    watchStatements();
    await start([subscriber("one", () => undefined)], { worker: { concurrency: 3, throughput } });
    await publish(30);
    await allIn("delivered", 30);
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(
      sent.filter((text) => text.includes("_private_jobs as jobs") && text.includes("event_bus")).length,
    ).toBeGreaterThan(0);
    const own = sent.filter((text) => /_private_jobs as jobs/.test(text) && !text.includes("event_bus"));
    expect(own).toEqual([]);
  });
});

/** What the installed graphile-worker sends: to take jobs, and to delete one and many. */
const sends = (await recordStatements(names.workerSchema)).flatMap(({ statements }) => statements);
const sentLike = (pattern: RegExp) => sends.find((text) => pattern.test(text)) ?? "none";
const TAKE = (limit: number) => sentLike(/^with j as \(\s+select/).replace(/limit \d+/, `limit ${limit}`);
const DELETE_ONE = sentLike(/^delete\s.*\sid = \$1::bigint$/s);
const DELETE_MANY = sentLike(/^delete\s.*\susing unnest\(/s);

describe("a job source", () => {
  const taken: string[] = [];
  const executor = executorOf(pool);
  const watched = {
    ...executor,
    query: ((text: string, ...rest: never[]) => {
      const limit = /limit (\d+) for update/.exec(text)?.[1];
      if (limit !== undefined) taken.push(limit);
      return executor.query(text, ...rest);
    }) as typeof executor.query,
  };
  afterEach(() => void taken.splice(0));
  const source = () => openJobSource(watched, names);
  const taskIds = async () =>
    (await pool.query<{ id: number }>("select id from graphile_worker._private_tasks")).rows.map(
      ({ id }) => id,
    );
  type Job = { readonly id: string; readonly payload: { readonly p: number }; readonly attempts: number };
  const rowsOf = async (answer: Promise<{ readonly rows: readonly object[] }> | undefined) =>
    (await answer)?.rows as readonly Job[];

  it("takes jobs for all that ask at once with few statements, in their order, and reads what they are for", async () => {
    await subscribe(pool, "Ping", ["one"]);
    await publish(5);
    const ids = await taskIds();
    const { answer, loadedOf } = source();
    const asked = Array.from({ length: 7 }, () => rowsOf(answer({ text: TAKE(1), values: ["w", ids] })));
    const rows = await Promise.all(asked);
    expect(taken).toEqual(["4", "2", "1"]);
    expect(rows.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1, 0, 0]);
    const got = rows.flat();
    expect(got.map(({ payload }) => payload.p)).toEqual(
      got.map(({ payload }) => payload.p).toSorted((a, b) => a - b),
    );
    expect(got.map((job) => loadedOf(job)?.event().aggregate)).toEqual([1, 2, 3, 4, 5].map((n) => ({ n })));
    expect(await storedJobs()).toMatchObject(got.map(({ id }) => ({ id, locked_by: "w", attempts: 1 })));
  });

  it("takes as many as graphile-worker takes in advance with one statement", async () => {
    await subscribe(pool, "Ping", ["one", "two"]);
    await publish(4);
    const { answer, loadedOf } = source();
    const rows = await rowsOf(answer({ text: TAKE(6), values: ["w", await taskIds()] }));
    expect(taken).toEqual(["6"]);
    expect(rows).toHaveLength(6);
    expect(rows.every((job) => loadedOf(job)?.state === "waiting")).toBe(true);
  });

  it("takes jobs that are none of ours along, and leaves those of named queues", async () => {
    await subscribe(pool, "Ping", ["one"]);
    const payloads = [
      [1],
      7,
      "x",
      { p: "9".repeat(30), s: 1 },
      { p: null },
      {},
      { p: 1.5, s: -1 },
      { x: "\u0000" },
    ];
    for (const payload of payloads)
      await pool.query("select graphile_worker.add_job('event_bus:one', $1::json)", [
        JSON.stringify(payload),
      ]);
    await pool.query("select graphile_worker.add_job('event_bus:one', '{}', queue_name => 'q')");
    await publish(1);
    const { answer, loadedOf } = source();
    const rows = await rowsOf(answer({ text: TAKE(16), values: ["w", await taskIds()] }));
    expect(rows.map(({ payload }) => payload)).toEqual([...payloads, expect.objectContaining({ g: 0 })]);
    expect(rows.map((job) => loadedOf(job) !== undefined)).toEqual([...payloads.map(() => false), true]);
  });

  it("reads so much with the jobs and no more", async () => {
    await subscribe(pool, "Ping", ["one"]);
    await publish(4);
    // Nothing that can be compressed: 0.9 MB each.
    await pool.query(
      `update event_bus.events set aggregate = jsonb_build_object('n', position, 'bytes',
         (select string_agg(encode(sha512((position || '/' || i)::bytea), 'base64'), '') from generate_series(1, 10000) i))`,
    );
    const { answer, loadedOf } = source();
    const rows = await rowsOf(answer({ text: TAKE(4), values: ["w", await taskIds()] }));
    expect(rows.map((job) => loadedOf(job) !== undefined)).toEqual([true, true, false, false]);
  });

  it("takes jobs although one of their events cannot be read", async () => {
    await subscribe(pool, "Ping", ["one"]);
    await publish(2);
    const reading = { count: 0 };
    const broken = {
      ...executor,
      query: ((text: string, ...rest: never[]) => {
        if (!text.includes(".events e")) return executor.query(text, ...rest);
        reading.count += 1;
        // As PostgreSQL says it of a value that is damaged.
        return executor.query("do $$ begin raise exception 'missing chunk' using errcode = 'XX001'; end $$");
      }) as typeof executor.query,
    };
    const { answer, loadedOf } = openJobSource(broken, names);
    const rows = await rowsOf(answer({ text: TAKE(2), values: ["w", await taskIds()] }));
    expect(rows.map((job) => loadedOf(job))).toEqual([undefined, undefined]);
    expect(reading.count).toBe(1);
  });

  it("lets be read again what was read a while ago, or of what was taken up before", async () => {
    await subscribe(pool, "Ping", ["one"]);
    await publish(2);
    await pool.query(
      "update graphile_worker._private_jobs set attempts = 1 where id = (select max(id) from graphile_worker._private_jobs)",
    );
    const { answer, loadedOf } = source();
    const rows = await rowsOf(answer({ text: TAKE(2), values: ["w", await taskIds()] }));
    expect(rows.map((job) => loadedOf(job) !== undefined)).toEqual([true, false]);
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + 1_001);
    expect(rows.map((job) => loadedOf(job))).toEqual([undefined, undefined]);
    vi.restoreAllMocks();
  });

  it("gives no jobs any more when it is closed", async () => {
    await subscribe(pool, "Ping", ["one"]);
    await publish(1);
    const { answer, close } = source();
    close();
    expect(await rowsOf(answer({ text: TAKE(1), values: ["w", await taskIds()] }))).toEqual([]);
    expect(await storedJobs()).toMatchObject([{ locked_by: null }]);
  });

  it("has nothing sent to delete jobs that went with their outcomes", async () => {
    const { answer, deleted } = source();
    expect(answer({ text: DELETE_ONE, values: ["1"] })).toBeUndefined();
    for (const id of ["1", "2", "3"]) deleted(id);
    expect(await answer({ text: DELETE_ONE, values: ["1"] })).toEqual({ rows: [] });
    expect(await answer({ text: DELETE_MANY, values: [["2", "3"]] })).toEqual({ rows: [] });
    expect(answer({ text: DELETE_MANY, values: [["2", "3"]] })).toBeUndefined();
    deleted("4");
    expect(answer({ text: DELETE_MANY, values: [["4", "5"]] })).toBeUndefined();
  });

  it("leaves everything else to the database", () => {
    const { answer, deleted } = source();
    deleted("1");
    const take = { text: TAKE(1), values: ["w", [1]] };
    for (const query of [
      "select 1",
      { text: "select 1" },
      { ...take, values: ["w", [1], ["flag"]] },
      { ...take, values: undefined },
      { ...take, text: TAKE(1).replace("jobs.is_available = true", "jobs.is_available = true and true") },
      { ...take, text: TAKE(1).replace("returning *", "returning id") },
      { ...take, text: TAKE(1).replace("limit 1", "limit 1 + 1") },
      { ...take, text: TAKE(1).replace("limit 1", "limit 0") },
      { ...take, text: `${TAKE(1)}; select 1` },
      { ...take, text: TAKE(1).replaceAll('"graphile_worker"', '"another"') },
      { text: "delete from x where id = $1", values: ["1"] },
      { text: DELETE_ONE.replace("delete from", "update"), values: ["1"] },
      { text: `${DELETE_ONE} and locked_by = 'w'`, values: ["1"] },
      { text: DELETE_MANY.replace("where id = n", "where id = n and attempts > 1"), values: [["1"]] },
    ])
      expect(answer(query), JSON.stringify(query)).toBeUndefined();
  });

  it("says once what is done by a statement that is not known, and remembers no deleted jobs then", async () => {
    const unknown: string[] = [];
    const { answer, deleted, loadedOf } = openJobSource(watched, names, (statement) =>
      unknown.push(statement),
    );
    expect(loadedOf({ id: "1", attempts: 1 })).toBeUndefined();
    loadedOf({ id: "2", attempts: 1 });
    expect(unknown).toEqual(["take"]);
    deleted("1");
    const other = { text: `${DELETE_ONE} returning id`, values: ["1"] };
    expect(answer(other)).toBeUndefined();
    expect(answer(other)).toBeUndefined();
    expect(unknown).toEqual(["take", "delete"]);
    // Known again it is not, as long as this source is used: what was deleted is deleted again.
    deleted("2");
    expect(answer({ text: DELETE_ONE, values: ["1"] })).toBeUndefined();
    expect(answer({ text: DELETE_ONE, values: ["2"] })).toBeUndefined();
  });

  it("says so also when jobs are never deleted by a statement", () => {
    const unknown: string[] = [];
    const { deleted } = openJobSource(watched, names, (statement) => unknown.push(statement));
    for (let id = 0; id < 10_000; id++) deleted(String(id));
    expect(unknown).toEqual([]);
    deleted("one too many");
    expect(unknown).toEqual(["delete"]);
  });
});

describe("a claim that fails", () => {
  it("gives up the connections, on which jobs may be locked that nobody was told of, unless it was rolled back", async () => {
    const broken: unknown[] = [];
    const failing = (error: unknown) =>
      guardedPool(pool, {
        listens: true,
        isSilent: () => false,
        isStopping: () => false,
        onBroken: (reason) => broken.push(reason),
        source: { answer: () => Promise.reject(error) },
      });
    const lost = new Error("Query read timeout");
    const deadlock = Object.assign(new Error("deadlock detected"), { code: "40P01" });
    for (const error of [lost, deadlock]) {
      const client = await failing(error).connect();
      await expect(client.query(TAKE(1))).rejects.toBe(error);
      client.release();
    }
    expect(broken).toEqual([lost]);
  });
});

describe("a job", () => {
  it("goes with the outcome of its delivery, whatever that is, or stays with it", async () => {
    await subscribe(pool, "Ping", ["one"]);
    await publish(4);
    const all = await storedJobs();
    const settle = (index: number, more: object) => {
      const { id, payload } = all[index] as StoredJob;
      const key = { position: payload.p, subscriptionId: payload.s, generation: 0, attempts: 1, jobId: id };
      return settleDeliveries(executorOf(pool), names, [{ ...key, ...more } as never]);
    };
    expect(await settle(0, { state: "delivered", claim: "a" })).toEqual(["delivered"]);
    expect(await settle(1, { state: "delivered", keepsFailuresOnly: true })).toEqual(["delivered"]);
    expect(await settle(2, { state: "cancelled", reason: "no" })).toEqual(["cancelled"]);
    const left = async () => (await storedJobs()).map(({ id }) => id);
    expect(await left()).toEqual([all[3]?.id]);
    // Refused, as a state that there is not: nothing of it happens.
    await expect(settle(3, { state: "nowhere" })).rejects.toThrow();
    expect(await left()).toEqual([all[3]?.id]);
    // Its next wake-up takes the place of the job.
    expect(await settle(3, { state: "retrying", dueMs: 60_000 })).toEqual(["retrying"]);
    expect(await left()).toHaveLength(1);
    expect(await left()).not.toEqual([all[3]?.id]);
    const states = (await deliveries()).map(({ state }) => state);
    expect(states).toEqual(["delivered", "delivered", "cancelled", "retrying"]);
  });
});
