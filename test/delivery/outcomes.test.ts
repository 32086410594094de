import { describe, expect, it } from "vitest";

import { branded } from "../../src/outbox/executor.js";
import { fixed } from "../../src/registry/backoff.js";
import { testDatabase } from "../support/database.js";
import { deliverFixture } from "./deliver-fixture.js";

const { pool } = await testDatabase();
const { enqueue, executor, reports } = deliverFixture(pool);

const waitOf = async (subscriber: string) => {
  const { rows } = await pool.query<{ ms: number }>(
    `select extract(epoch from max(run_at) - clock_timestamp())::float8 * 1000 as ms
       from graphile_worker.jobs where task_identifier = $1`,
    [`event_bus:${subscriber}`],
  );
  return rows[0]?.ms ?? Number.NaN;
};
const inOneHour = () => new Date(Date.now() + 3_600_000);

describe("ctx.cancel", () => {
  it("ends the delivery with the reason on record, and not as a failure", async () => {
    const delivery = await enqueue((_, ctx) => ctx.cancel("the user is gone"));
    expect(await delivery.next()).toEqual({ state: "cancelled", reason: "the user is gone" });
    expect(await delivery.row()).toMatchObject({
      state: "cancelled",
      reason: "the user is gone",
      attempts: 1,
      errors: [],
      errorCount: 0,
      dueAt: null,
      finishedAt: expect.any(Date),
    });
    expect(await delivery.due(new Date("9999-01-01"))).toBeUndefined();
    expect(reports.at(-1)).toMatchObject({ outcome: "cancelled" });
    expect(reports.at(-1)).not.toHaveProperty("error");
  });

  it("ends the handler, however deep it is called", async () => {
    let after = false;
    const deep = async (cancel: (reason: string) => never) => {
      await Promise.resolve();
      cancel("deep");
    };
    const delivery = await enqueue(async (_, { cancel }) => {
      await deep(cancel);
      after = true;
    });
    expect(await delivery.next()).toMatchObject({ state: "cancelled", reason: "deep" });
    expect(after).toBe(false);
  });

  it.each<[string, (call: () => never) => unknown]>([
    [
      "catches",
      (call) => {
        try {
          return call();
        } catch {
          return "caught";
        }
      },
    ],
    [
      "wraps",
      (call) => {
        try {
          return call();
        } catch (cause) {
          throw new Error("something went wrong", { cause });
        }
      },
    ],
  ])("counts when something %s what it throws", async (_, around) => {
    const delivery = await enqueue((__, ctx) => around(() => ctx.cancel("not wanted")));
    expect(await delivery.next()).toEqual({ state: "cancelled", reason: "not wanted" });
  });

  it.each([undefined, null, "", "  ", 7, {}])("fails the attempt for the reason %o", async (reason) => {
    const delivery = await enqueue((_, ctx) => ctx.cancel(reason as string));
    expect(await delivery.next()).toMatchObject({ state: "retrying", thrown: { code: "INVALID_OPTION" } });
    const { errors } = await delivery.row();
    expect(errors[0]?.message).toContain("expected a text that says why");
  });

  it("keeps a reason that PostgreSQL could not store as it is", async () => {
    const delivery = await enqueue((_, ctx) => ctx.cancel(`a\0b\ud800${"x".repeat(5_000)}`));
    expect(await delivery.next()).toMatchObject({ state: "cancelled" });
    const { reason } = await delivery.row();
    expect(reason).toMatch(/^a\ufffdb\ufffdx{1996}\.\.\.$/);
  });
});

describe("ctx.snooze", () => {
  it("puts the delivery off without using up an attempt, as often as it is called", async () => {
    const attempts: number[] = [];
    const delivery = await enqueue(
      (_, ctx) => {
        attempts.push(ctx.attempt);
        if (attempts.length < 4) ctx.snooze(60_000);
      },
      { retry: { maxAttempts: 1 } },
    );
    for (let time = 0; time < 3; time++) {
      expect(await delivery.next()).toEqual({ state: "snoozed", dueMs: 60_000 });
      const wait = await waitOf(delivery.subscriber.name);
      expect(wait).toBeGreaterThan(50_000);
      expect(wait).toBeLessThanOrEqual(60_000);
      expect(await delivery.row()).toMatchObject({ state: "snoozed", attempts: 0, errors: [] });
    }
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(attempts).toEqual([1, 1, 1, 1]);
  });

  it("takes a date", async () => {
    const delivery = await enqueue((_, ctx) => ctx.snooze(inOneHour()));
    const outcome = await delivery.next();
    expect("dueMs" in outcome && outcome.dueMs).toBeGreaterThan(3_500_000);
    expect("dueMs" in outcome && outcome.dueMs).toBeLessThanOrEqual(3_600_000);
  });

  it.each<[string, number | Date]>([
    ["no time", 0],
    ["a date that has passed", new Date(0)],
  ])("means at once for %s", async (_, until) => {
    const delivery = await enqueue((__, ctx) => ctx.snooze(until));
    expect(await delivery.next()).toEqual({ state: "snoozed", dueMs: 0 });
    expect(await delivery.due()).toMatchObject({ generation: 1, attempts: 0 });
  });

  it("takes the longest wait, and rounds to milliseconds", async () => {
    const delivery = await enqueue((_, ctx) => ctx.snooze(ctx.attempt === 1 ? 31_536_000_000 : 0));
    expect(await delivery.next()).toEqual({ state: "snoozed", dueMs: 31_536_000_000 });
    const other = await enqueue((_, ctx) => ctx.snooze(1.6));
    expect(await other.next()).toEqual({ state: "snoozed", dueMs: 2 });
  });

  it.each<[string, unknown, string]>([
    ["a negative time", -1, "ctx.snooze() was given -1: expected milliseconds from 0 to 31536000000"],
    ["a time that is no number", Number.NaN, "ctx.snooze() was given NaN"],
    ["for ever", Number.POSITIVE_INFINITY, "ctx.snooze() was given Infinity"],
    ["too long a time", 31_536_000_001, "ctx.snooze() was given 31536000001"],
    ["a date that is none", new Date(Number.NaN), "ctx.snooze() was given the date Invalid Date"],
    [
      "a date too far away",
      new Date("9999-01-01"),
      "ctx.snooze() was given the date 9999-01-01T00:00:00.000Z",
    ],
    ["a text", "5m", 'ctx.snooze() was given "5m"'],
    ["nothing", undefined, "ctx.snooze() was given undefined"],
  ])("fails the attempt for %s", async (_, until, message) => {
    const delivery = await enqueue((__, ctx) => ctx.snooze(until as number));
    expect(await delivery.next()).toMatchObject({ state: "retrying", thrown: { code: "INVALID_OPTION" } });
    const { errors } = await delivery.row();
    expect(errors[0]?.message).toContain(message);
  });
});

describe("ctx.retryAfter", () => {
  it("fails the attempt, and overrides the backoff", async () => {
    const delivery = await enqueue((_, ctx) => ctx.retryAfter(5_000), {
      retry: { backoff: fixed(3_600_000) },
    });
    expect(await delivery.next()).toMatchObject({ state: "retrying", dueMs: 5_000 });
    expect(await delivery.row()).toMatchObject({
      state: "retrying",
      attempts: 1,
      errors: [
        {
          attempt: 1,
          name: "RetryAfter",
          message: "the handler asked for another attempt in 5000 ms",
          stack: expect.stringContaining("outcomes.test.ts"),
          at: expect.stringMatching(/Z$/),
          worker: "worker-1",
        },
      ],
    });
  });

  it("records what it is given as the cause", async () => {
    const cause = new TypeError("429 Too Many Requests");
    const delivery = await enqueue((_, ctx) => ctx.retryAfter(new Date(0), cause));
    expect(await delivery.next()).toMatchObject({ state: "retrying", dueMs: 0, thrown: cause });
    expect((await delivery.row()).errors).toMatchObject([{ name: "TypeError", message: cause.message }]);
  });

  it("uses up attempts: after the last one the delivery is dead", async () => {
    const delivery = await enqueue((_, ctx) => ctx.retryAfter(0), { retry: { maxAttempts: 2 } });
    const states = [(await delivery.next()).state, (await delivery.next()).state];
    expect(states).toEqual(["retrying", "dead"]);
    expect(await delivery.row()).toMatchObject({ state: "dead", attempts: 2, errorCount: 2 });
  });

  it.each([-1, Number.NaN, new Date(Number.NaN)])(
    "fails the attempt by the backoff for %o",
    async (until) => {
      const delivery = await enqueue((_, ctx) => ctx.retryAfter(until), { retry: { backoff: fixed(777) } });
      expect(await delivery.next()).toMatchObject({
        state: "retrying",
        dueMs: 777,
        thrown: { code: "INVALID_OPTION", message: expect.stringContaining("ctx.retryAfter() was given") },
      });
    },
  );
});

describe("of several outcomes", () => {
  it("the last one counts that the handler asks for", async () => {
    const delivery = await enqueue((_, ctx) => {
      try {
        ctx.cancel("first");
      } catch {
        ctx.snooze(1_000);
      }
    });
    expect(await delivery.next()).toEqual({ state: "snoozed", dueMs: 1_000 });
  });
});

describe("an event that cannot be decoded", () => {
  it("is retried by the policy, and dead in the end", async () => {
    const delivery = await enqueue(() => undefined, { retry: { maxAttempts: 2, backoff: fixed(0) } });
    await pool.query(
      `update event_bus.events set types = '{"aggregate":{"orderId":"bytes"}}' where id = $1`,
      [delivery.draft.id],
    );
    expect([(await delivery.next()).state, (await delivery.next()).state]).toEqual(["retrying", "dead"]);
    expect(await delivery.row()).toMatchObject({ attempts: 2, errorCount: 2 });
  });
});

describe("a settlement whose answer is lost", () => {
  it("is repeated, and reported as what it was", async () => {
    const delivery = await enqueue(() => undefined);
    let losses = 1;
    const losing = branded(async (sql, values) => {
      const rows = await executor.query(sql, values);
      if (/settle|\.deliver\(/.test(sql) && losses-- > 0)
        throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
      return rows;
    });
    expect(await delivery.next({ executor: losing, patienceMs: 10_000 })).toEqual({ state: "delivered" });
    expect(losses).toBe(-1);
    expect(await delivery.row()).toMatchObject({ state: "delivered", generation: 1 });
    expect(reports.at(-1)).toMatchObject({ outcome: "delivered" });
  });
});
