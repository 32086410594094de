import pg from "pg";
import { fixed } from "../../src/registry/backoff.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { StoredEvent } from "../../src/registry/event.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { type Application, StockChanged, Ticked, UserCreated } from "./application.js";

const events = [UserCreated, StockChanged, Ticked] as const;
const retry = { maxAttempts: 1_000, backoff: fixed(300) };

/** The names of those that are at-least-once. */
export const PLAIN = ["mailer", "indexer"];

/** One delivery in so many fails in its first attempt, and one in so many takes long. */
const FAILS = 40;
const LONG = 150;
/** So many rows count the effects, that not all of them wait for one. */
export const COUNTERS = 16;

/** Subscribers that note in the database what they received, over connections of their own. */
export function openSubscribers(url: string, worker: string): readonly Subscriber[] {
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    query_timeout: 3_000,
    connectionTimeoutMillis: 3_000,
  });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const note = (subscriber: string, event: StoredEvent) =>
    pool.query("insert into seen (position, subscriber, worker) values ($1, $2, $3)", [
      event.position,
      subscriber,
      worker,
    ]);
  const plain = PLAIN.map((name, index) =>
    defineSubscriber({
      name,
      events,
      retry,
      timeoutMs: 10_000,
      async handle(event, ctx) {
        const dice = event.position + index;
        if (ctx.attempt === 1 && dice % FAILS === 0) throw new Error("not the first time");
        await sleep(dice % LONG === 0 ? 1_500 : dice % 10);
        await note(name, event);
      },
    }),
  );
  const counter = defineSubscriber({
    name: "counter",
    events,
    retry,
    timeoutMs: 10_000,
    transactional: true,
    async handle(event, ctx) {
      const tx = ctx.tx as unknown as Transaction;
      if (ctx.attempt === 1 && (event.position + 7) % FAILS === 0) throw new Error("not the first time");
      await tx.$executeRaw`insert into effects (position) values (${event.position})`;
      await sleep((event.position + 7) % LONG === 0 ? 1_500 : event.position % 5);
      await tx.$executeRaw`update counters set n = n + 1 where id = ${event.position % COUNTERS}`;
      if (hasEcho(event)) await tx.$publish(Ticked({ mark: `echo-${event.id}` }));
    },
  });
  return [...plain, counter] as unknown as readonly Subscriber[];
}

type Transaction = Parameters<Parameters<Application["$transaction"]>[0]>[0];

/** Its transactional subscriber publishes another one; as SQL in the questions afterwards. */
function hasEcho(event: StoredEvent): boolean {
  return event.name === UserCreated.name && event.position % 10 === 0;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
