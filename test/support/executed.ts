import { EventEmitter, once } from "node:events";
import { Session } from "node:inspector/promises";
import { setTimeout } from "node:timers/promises";

import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { z } from "zod";

import type { Prisma } from "../../prisma/generated/client/client.js";
import { PrismaClient } from "../../prisma/generated/client/client.js";
import { defineSubscriber, eventBus, eventsFor } from "../../src/index.js";
import { runWorker } from "../../src/worker.js";
import type { Executed, OperationName } from "./executed-operations.js";
import { until } from "./until.js";

const ROUNDS = 4;
const QUIET_MS = 50;
const src = new URL("../../src/", import.meta.url).href;
const { defineEvent } = eventsFor<Prisma.TypeMap>();
const UserChanged = defineEvent("UserChanged", { model: "User" });
const ProjectChanged = defineEvent("ProjectChanged", { model: "Project" });
const TaskChanged = defineEvent("TaskChanged", { model: "Task" });
const Ticked = defineEvent("Ticked", { schema: z.object({ n: z.number() }) });

/**
 * Counts by V8's own coverage, in a process of its own, what each operation executes when it is warm.
 *
 * @param url of a database like those of test files.
 */
export async function measureExecuted(url: string): Promise<Readonly<Record<OperationName, Executed>>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
  const capture = {
    User: { update: UserChanged },
    Project: { update: ProjectChanged },
    Task: { update: TaskChanged },
  };
  const events = [UserChanged, ProjectChanged, TaskChanged];
  const bus = prisma.$extends(eventBus({ events, capture }));
  const measure = (operation: (round: number) => Promise<unknown>) => inEachRound(session, operation);
  try {
    const { id } = await prisma.user.create({ data: { email: "ann@example.com", name: "a" } });
    await prisma.priority.create({ data: { id: 0, name: "a" } });
    const project = await prisma.project.create({
      data: { name: "a", team: { create: { slug: "a", name: "a" } }, tasks: { create: { title: "a" } } },
      include: { tasks: true },
    });
    const [task] = project.tasks;
    const change = (name: string) => ({
      name,
      tasks: { update: { where: { id: task?.id ?? 0 }, data: { title: name } } },
    });
    return {
      update: await measure((n) => bus.user.update({ where: { id }, data: { name: `name ${n}` } })),
      "nested update": await measure((n) =>
        bus.project.update({ where: { id: project.id }, data: change(`name ${n}`) }),
      ),
      delivery: await deliveries(url, bus, measure),
    };
  } finally {
    await prisma.$disconnect();
    session.disconnect();
  }
}

/** A delivery, from the commit of its event to the record of its outcome, by a worker that has nothing else to do. */
async function deliveries(
  url: string,
  prisma: object,
  measure: (operation: () => Promise<unknown>) => Promise<Executed>,
): Promise<Executed> {
  const handled = new EventEmitter();
  const subscriber = defineSubscriber({
    name: "subscriber",
    events: [Ticked],
    async handle({ aggregate }) {
      handled.emit("tick", aggregate.n);
    },
  });
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const worker = await runWorker({
    ...{ prisma, subscribers: [subscriber], database: { url }, report: () => {} },
    // Else the worker is never quiet.
    worker: { heartbeatMs: 60_000, deadAfterMs: 600_000, pollIntervalMs: 60_000 },
  });
  try {
    return await measure(async () => {
      const handling = once(handled, "tick");
      await pool.query(`select event_bus.publish(name => 'Ticked', aggregate => '{"n": 1}')`);
      await handling;
      await until(() => assertSettled(pool), 60_000, 10);
    });
  } finally {
    await worker.stop();
    await pool.end();
  }
}

async function assertSettled(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query("select from graphile_worker._private_jobs");
  if (rows.length > 0) throw new Error("the delivery is not settled");
}

/** What is executed in each of some rounds, after one to warm up: what a timer does now and then is not among it. */
async function inEachRound(
  session: Session,
  operation: (round: number) => Promise<unknown>,
): Promise<Executed> {
  let executed: Executed | undefined;
  for (let round = 0; round <= ROUNDS; round++) {
    await untilQuiet(session);
    await operation(round);
    const found = await untilQuiet(session);
    if (round > 0) executed = executed === undefined ? found : intersection(executed, found);
  }
  return executed ?? new Map();
}

/** What is executed until a moment in which nothing is. */
async function untilQuiet(session: Session): Promise<Executed> {
  let all: Executed = new Map();
  for (;;) {
    const found = await lookAt(session);
    if (found.size === 0) return all;
    all = union(all, found);
    await setTimeout(QUIET_MS);
  }
}

/** What was executed since the last look. */
async function lookAt(session: Session): Promise<Executed> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const found = new Map<string, ReadonlySet<string>>();
  for (const { url, functions } of result) {
    if (!url.startsWith(src)) continue;
    const called = functions
      // tsx has each file call this one, to keep names of functions.
      .filter(({ functionName, ranges }) => functionName !== "__name" && (ranges[0]?.count ?? 0) > 0)
      .map(({ functionName, ranges }) => `${functionName || "(anonymous)"} at ${ranges[0]?.startOffset}`);
    if (called.length > 0) found.set(`src/${url.slice(src.length)}`, new Set(called));
  }
  return found;
}

function union(one: Executed, other: Executed): Executed {
  const files = new Set([...one.keys(), ...other.keys()]);
  return new Map(
    [...files].map((file) => [file, new Set([...(one.get(file) ?? []), ...(other.get(file) ?? [])])]),
  );
}

function intersection(one: Executed, other: Executed): Executed {
  return new Map(
    [...one].flatMap(([file, functions]) => {
      const both = [...functions].filter((name) => other.get(file)?.has(name));
      return both.length === 0 ? [] : [[file, new Set(both)] as const];
    }),
  );
}
