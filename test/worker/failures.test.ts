import { afterEach, describe, expect, it, vi } from "vitest";

import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, options, subscriber, start, publish, deliveries, allIn } = await workerFixture();

// graphile-worker prints what the database says when it cannot claim, with a stack.
vi.spyOn(console, "trace").mockImplementation(() => undefined);

/** Makes a table refuse rows, as a trigger or a full disk does, until `allow`. */
const refuse = (table: string, when: string) =>
  pool.query(`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
    create trigger refuse before insert or update on ${table} for each row when (${when})
      execute function public.refuse();`);
const allow = () => pool.query("drop function if exists public.refuse cascade");
afterEach(allow);

const refuseOutcomes = () => refuse("event_bus.deliveries", "true");
const refuseClaims = () => refuse("graphile_worker._private_jobs", "new.locked_by is not null");

describe("a delivery whose outcome the database refuses", () => {
  it("is reported each time, and is no death of the process", async () => {
    const { of, worker } = await start([subscriber("one", () => undefined)]);
    await refuseOutcomes();
    await publish();
    for (let failures = 1; failures <= 4; failures++) {
      await eventually(async () => {
        // It would wait longer and longer.
        await pool.query("update graphile_worker._private_jobs set run_at = now() where locked_at is null");
        expect(of("deliver:error").length).toBeGreaterThanOrEqual(failures);
      });
    }
    expect(of("deliver:error")[0]).toMatchObject({
      worker: expect.any(String),
      subscriber: "one",
      eventName: "Ping",
      position: expect.any(Number),
      durationMs: expect.any(Number),
      error: expect.objectContaining({ message: "not today" }),
    });
    await allow();
    await eventually(async () => {
      await pool.query("update graphile_worker._private_jobs set run_at = now() where locked_at is null");
      expect(await deliveries()).toMatchObject([{ state: "delivered", attempts: 1, errors: [] }]);
    });
    await worker.stop();
  });

  it("ends the worker when it means that the schema does not fit", async () => {
    const { opened, open } = gate();
    const started = gate();
    const { of, worker } = await start([
      subscriber("one", async () => {
        started.open();
        await opened;
      }),
    ]);
    const failed = expect(worker.finished).rejects.toMatchObject({ code: "SCHEMA_MISSING" });
    await publish();
    await started.opened;
    await pool.query("alter function event_bus.deliver rename to hidden");
    open();
    try {
      await failed;
    } finally {
      await pool.query("alter function event_bus.hidden rename to deliver");
    }
    expect(of("deliver:error")).toMatchObject([{ error: { code: "SCHEMA_MISSING" } }]);
    expect(of("worker:error")).toMatchObject([{ error: { code: "SCHEMA_MISSING" } }]);
    expect(of("worker:stop")).toHaveLength(1);
  });
});

describe("a delivery that a process held when it died", () => {
  it("is begun on record, before its handler is called and not while it waits for a place", async () => {
    const jobs = async (): Promise<readonly (string | undefined)[]> => {
      const { rows } = await pool.query(
        "select payload ->> 'b' = locked_by as begun from graphile_worker._private_jobs order by id",
      );
      return rows.map(({ begun }) => begun);
    };
    const seen: unknown[] = [];
    const { opened, open } = gate();
    const one = subscriber("one", async () => {
      seen.push(await jobs());
      await opened;
    });
    await runOnce(options([one]));
    await publish();
    await publish();
    await pool.query(
      "update graphile_worker._private_jobs set payload = (payload::jsonb || jsonb_build_object('d', 1))::json",
    );
    const { worker } = await start([one], { worker: { concurrency: 1 } });
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]).toContain(true);
    expect(seen[0]).toContain(null);
    open();
    await allIn("delivered", 2);
    await worker.stop();
  });
});

describe("a worker that can claim nothing", () => {
  it("starts anew less and less often", async () => {
    const { of, worker } = await start([subscriber("one", () => undefined)]);
    await refuseClaims();
    const before = performance.now();
    await publish();
    await eventually(() => expect(of("recover:stop").length).toBeGreaterThanOrEqual(6));
    // After at least half of 50, 100, 200, 400 and 800 ms.
    expect(performance.now() - before).toBeGreaterThan(700);
    await allow();
    await allIn("delivered", 1);
    await worker.stop();
  });

  it("is told by runOnce what the database says, not that it does not answer", async () => {
    const one = subscriber("one", () => undefined);
    await runOnce(options([one]));
    await publish();
    await refuseClaims();
    const error = await runOnce(options([one])).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: "not today" });
    expect(error).not.toMatchObject({ code: "DATABASE_UNREACHABLE" });
  });
});
