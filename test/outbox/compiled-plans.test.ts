import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { claimDelivery, committedClaims } from "../../src/outbox/claim-delivery.js";
import { redriveSome } from "../../src/outbox/dead-deliveries.js";
import { executorOf, ownExecutor } from "../../src/outbox/executor.js";
import { takeJobs } from "../../src/outbox/graphile/take-jobs.js";
import { beat } from "../../src/outbox/heartbeat.js";
import { loadDeliveries } from "../../src/outbox/load-delivery.js";
import { advanceCheckpoints } from "../../src/outbox/maintenance.js";
import { setPaused, wakeHeld } from "../../src/outbox/pause.js";
import { forgetDelivered, pruneSome } from "../../src/outbox/prune-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { type Settlement, settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { subscriberStatus } from "../../src/outbox/subscriber-status.js";
import { PLANS_ONCE } from "../../src/worker/connection.js";
import { closeLater } from "../extension/support/clients.js";
import { events, rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";
import { explainingPool, type RunPlan } from "../support/plans.js";
import { event, publish, subscribe } from "./steps.js";

const { url, pool: own } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;
const plans: RunPlan[] = [];
const pool = explainingPool(url, plans);
afterAll(() => pool.end());

/** PostgreSQL's own default of `jit_above_cost`. */
const COMPILED_FROM_COST = 100_000;

/** A worker's connections. */
const worker = explainingPool(url, plans, PLANS_ONCE);
afterAll(() => worker.end());
const prepared = ownExecutor(worker, true);

const prisma = closeLater(new PrismaClient({ adapter: new PrismaPg(pool) })).$extends(
  eventBus({ events, capture: rules }),
);

beforeAll(async () => {
  await subscribe(own, "Often", ["one", "two"]);
  await subscribe(own, "UserCreated", ["one"]);
  await subscribe(own, "UserUpdated", ["one"]);
});

const first = { subscriptionId: 1, generation: 0, attempts: 1, claim: "c" } as const;
const settle = (settlement: Settlement) => settleDeliveries(prepared, names, [settlement]);

it.each<[string, () => Promise<unknown>]>([
  ["publishing one event", () => publish(pool, [event("Often")])],
  ["publishing several events", () => publish(pool, [event("Often"), event("Often"), event("None")])],
  ["a captured create", () => prisma.user.create({ data: { email: "1" } })],
  ["a captured update", () => prisma.user.update({ where: { email: "1" }, data: { name: "new" } })],
  [
    "a captured nested create",
    () => prisma.user.create({ data: { email: "2", posts: { create: { title: "t" } } } }),
  ],
  ["a captured createMany", () => prisma.user.createMany({ data: [{ email: "3" }, { email: "4" }] })],
  ["a captured updateMany", () => prisma.user.updateMany({ data: { name: "newer" } })],
  ["a captured deleteMany", () => prisma.user.deleteMany()],
  ["taking a job", () => takeJobs(prepared, names, { workerId: "w", taskIds: [1], most: 1 })],
  ["taking jobs", () => takeJobs(prepared, names, { workerId: "w", taskIds: [1], most: 10 })],
  ["loading", () => loadDeliveries(prepared, names, [{ position: 1, subscriptionId: 1, isAgain: true }])],
  ["settling what was made", () => settle({ ...first, position: 1, state: "delivered", jobId: "1" })],
  [
    "settling it without a row",
    () => settle({ ...first, position: 1, state: "delivered", jobId: "1", keepsFailuresOnly: true }),
  ],
  ["settling a failure", () => settle({ ...first, position: 2, state: "retrying", dueMs: 1, jobId: "2" })],
  ["settling what is dead", () => settle({ ...first, position: 3, state: "dead" })],
  [
    "claiming and confirming",
    async () => {
      const claim = { position: 4, subscriptionId: 1, generation: 0, claim: "c", limits: undefined };
      await claimDelivery(executorOf(pool), names, claim);
      await committedClaims(prepared, names, [{ ...claim, jobId: "4" }]);
    },
  ],
  [
    "a heartbeat",
    () =>
      beat(prepared, names, {
        ...{ id: "w", name: "w", application: "app", version: "1", host: "here", pid: 1 },
        ...{ deadAfterMs: 60_000, subscribers: [], activity: {} },
      }),
  ],
  ["redriving", () => redriveSome(executorOf(pool), names, { subscriber: "one" }, 10)],
  [
    "pausing and resuming",
    async () => {
      await setPaused(executorOf(pool), names, "one", true);
      await publish(pool, [event("Often")]);
      await setPaused(executorOf(pool), names, "one", false);
      await wakeHeld(executorOf(pool), names, 10);
    },
  ],
  ["housekeeping", () => advanceCheckpoints(prepared, names)],
  ["the status", () => subscriberStatus(executorOf(pool), names)],
  [
    "pruning",
    async () => {
      await pruneSome(prepared, names, { event: "Often", ageMs: 0, after: 0, most: 10 });
      await forgetDelivered(prepared, names, { event: "Often", upTo: 10, most: 10, isAborted: () => false });
    },
  ],
])("nothing of %s is worth compiling to PostgreSQL", async (_, call) => {
  plans.length = 0;
  await call();
  expect(plans).not.toHaveLength(0);
  // Whether the server can compile or not: it would where that is not forbidden.
  expect(
    plans.filter(
      ({ cost, mayCompile, isCompiled }) => isCompiled || (mayCompile && cost >= COMPILED_FROM_COST),
    ),
  ).toEqual([]);
});
