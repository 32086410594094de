import pg from "pg";
import PgBoss from "pg-boss";
import { z } from "zod";

import { publish } from "../src/extension/publish.js";
import { executorOf } from "../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../src/outbox/schema-names.js";
import { synchroniseSubscriptions } from "../src/outbox/subscriptions.js";
import { eventsFor } from "../src/registry/define-event.js";
import { type Case, compare, type Effort, speedRatio, type Timings } from "./compare.js";
import type { Ratio } from "./ratio.js";

const FAN_OUTS = [1, 10, 50];
const DATA = {
  id: 1,
  email: "ada@example.com",
  name: "Ada",
  roles: ["admin"],
  createdAt: "2026-01-01T00:00:00Z",
};

/** What publishing one event to 1, 10 and 50 subscribers costs, against pg-boss's publish to as many queues. */
export async function benchFanOut(url: string, effort: Effort): Promise<readonly Ratio[]> {
  const { defineEvent } = eventsFor();
  const events = FAN_OUTS.map((count) => ({ count, type: defineEvent(`To${count}`, { schema: z.any() }) }));
  const pool = new pg.Pool({ connectionString: url, max: effort.concurrency });
  // Its own upkeep would only disturb.
  const boss = new PgBoss({
    connectionString: url,
    max: effort.concurrency,
    supervise: false,
    schedule: false,
  });
  try {
    await boss.start();
    for (const { count, type } of events) {
      const subscribers = Array.from({ length: count }, (_, n) => `${type.name}-${n}`);
      await synchroniseSubscriptions(
        executorOf(pool),
        DEFAULT_SCHEMA_NAMES,
        "fan-out",
        subscribers.map((subscriber) => ({
          event: type.name,
          subscriber,
          priority: 0,
          delayMs: 0,
          policy: {},
        })),
      );
      for (const queue of subscribers) {
        await boss.createQueue(queue);
        await boss.subscribe(type.name, queue);
      }
    }
    const cases = events.flatMap(({ count, type }): [string, Case][] => [
      [ours(count), () => publish(pool, type(DATA))],
      [theirs(count), () => boss.publish(type.name, DATA)],
    ]);
    // A publish of pg-boss to fifty takes fifty statements.
    const timings = await compare(Object.fromEntries(cases), {
      ...effort,
      calls: Math.ceil(effort.calls / 4),
    });
    return ratios(timings);
  } finally {
    await boss.stop({ graceful: false });
    await pool.end();
  }
}

const ours = (count: number) => `event bus to ${count}`;
const theirs = (count: number) => `pg-boss to ${count}`;

function ratios(timings: Timings): readonly Ratio[] {
  return [
    {
      what: "publishing to ten subscribers / to one",
      ratio: speedRatio(timings, ours(10), ours(1)),
      // At most 1.5 times the cost.
      target: 1 / 1.5,
    },
    { what: "publishing to fifty subscribers / to one", ratio: speedRatio(timings, ours(50), ours(1)) },
    ...FAN_OUTS.map((count) => ({
      what: `publishing to ${count} subscriber${count === 1 ? "" : "s"}: event bus / pg-boss`,
      ratio: speedRatio(timings, ours(count), theirs(count)),
      ...(count === 10 ? { target: 5 } : {}),
    })),
  ];
}
