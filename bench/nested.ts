import { randomUUID } from "node:crypto";

import { PrismaPg } from "@prisma/adapter-pg";

import type { Prisma } from "../prisma/generated/client/client.js";
import { PrismaClient } from "../prisma/generated/client/client.js";
import { eventBus } from "../src/extension/event-bus.js";
import { executorOf } from "../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../src/outbox/schema-names.js";
import { synchroniseSubscriptions } from "../src/outbox/subscriptions.js";
import { eventsFor } from "../src/registry/define-event.js";
import { compare, type Effort, speedRatio } from "./compare.js";
import type { Ratio } from "./ratio.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();
const ProjectCreated = defineEvent("ProjectCreated", { model: "Project" });
const TaskCreated = defineEvent("TaskCreated", { model: "Task" });
const NoteCreated = defineEvent("NoteCreated", { model: "Note" });
const events = [ProjectCreated, TaskCreated, NoteCreated];

const PLAIN = "plain";
const HAND = "by hand";
const BUS = "event bus";

/** A create of three levels, ten rows, of which each leads to an event with one subscriber. */
export async function benchNested(url: string, { calls, ...effort }: Effort): Promise<readonly Ratio[]> {
  const [plain, hand, base] = [open(url), open(url), open(url)];
  const capture = {
    Project: { create: ProjectCreated },
    Task: { create: TaskCreated },
    Note: { create: NoteCreated },
  };
  const bus = base.$extends(eventBus({ events, capture }));
  await synchroniseSubscriptions(
    executorOf(plain),
    DEFAULT_SCHEMA_NAMES,
    "bench",
    events.map(({ name }) => ({ event: name, subscriber: "bench", priority: 0, delayMs: 0, policy: {} })),
  );
  await plain.team.create({ data: { slug: "a", name: "a" } });
  await plain.priority.create({ data: { id: 0, name: "a" } });
  try {
    const timings = await compare(
      {
        [PLAIN]: () => plain.project.create({ data: project() }),
        [HAND]: () => byHand(hand),
        [BUS]: () => bus.project.create({ data: project() }),
      },
      { ...effort, calls: Math.ceil(calls / 4) },
    );
    const what = "a create of three levels and ten rows";
    return [
      { what: `${what}: event bus / outbox by hand`, ratio: speedRatio(timings, BUS, HAND), target: 1 },
      { what: `${what}: event bus / plain`, ratio: speedRatio(timings, BUS, PLAIN) },
      { what: `${what}: outbox by hand / plain`, ratio: speedRatio(timings, HAND, PLAIN) },
    ];
  } finally {
    for (const client of [plain, hand, base]) await client.$disconnect();
  }
}

function open(url: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
}

function project(): Prisma.ProjectCreateInput {
  const notes = { create: [{ text: "a" }, { text: "b" }] };
  return {
    id: randomUUID(),
    name: "a",
    team: { connect: { id: 1 } },
    tasks: { create: ["a", "b", "c"].map((title) => ({ title, notes })) },
  };
}

/** What a team would write: the write, reading what it made, and one call that adds a job for each row. */
function byHand(prisma: PrismaClient): Promise<unknown> {
  return prisma.$transaction(async (tx) => {
    const include = { tasks: { include: { notes: true } } };
    const { tasks, ...row } = await tx.project.create({ data: project(), include });
    const rows = [
      { name: "ProjectCreated", row },
      ...tasks.map(({ notes: _, ...task }) => ({ name: "TaskCreated", row: task })),
      ...tasks.flatMap(({ notes }) => notes.map((note) => ({ name: "NoteCreated", row: note }))),
    ];
    const jobs = JSON.stringify(rows.map((payload) => ({ identifier: "event_bus:bench", payload })));
    await tx.$executeRaw`select graphile_worker.add_jobs(array(
      select json_populate_recordset(null::graphile_worker.job_spec, ${jobs}::json)))`;
  });
}
