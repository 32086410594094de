import { PrismaPg } from "@prisma/adapter-pg";

import type { Prisma } from "../prisma/generated/client/client.js";
import { PrismaClient } from "../prisma/generated/client/client.js";
import { eventBus } from "../src/extension/event-bus.js";
import { executorOf } from "../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../src/outbox/schema-names.js";
import { synchroniseSubscriptions } from "../src/outbox/subscriptions.js";
import { eventsFor } from "../src/registry/define-event.js";
import { compare, type Effort, speedRatio, type Timings } from "./compare.js";
import type { Ratio } from "./ratio.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();
const UserChanged = defineEvent("UserChanged", { model: "User" });

const PLAIN = "plain update";
const HAND = "outbox by hand";
const BUS = "event bus";
const COMPILING = "event bus, jit = on";
const NOT_COMPILING = "event bus, jit = off";
const UNTRACKED = "untracked model, with the event bus";
const UNTRACKED_PLAIN = "untracked model, plain";

/** What capturing an update costs, against doing without and against doing it by hand. */
export async function benchWritePath(url: string, effort: Effort): Promise<readonly Ratio[]> {
  // Each case has a client of its own: what one of them has made PostgreSQL prepare shall not help another.
  const [plain, hand, untracked] = [open(url), open(url), open(url)];
  const [captured, capturing] = [extend(open(url)), extend(open(url))];
  const [compiling, notCompiling] = [extend(open(withJit(url, "on"))), extend(open(withJit(url, "off")))];
  await synchroniseSubscriptions(executorOf(plain), DEFAULT_SCHEMA_NAMES, "bench", [
    { event: "UserChanged", subscriber: "bench", priority: 0, delayMs: 0, policy: {} },
  ]);
  const users = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      plain.user.create({ data: { email: `${n}@example.com`, name: "a" } }),
    ),
  );
  await plain.airport.createMany({ data: users.map(({ id }) => ({ iata: String(id), name: "a" })) });
  const next = () => users[Math.floor(Math.random() * users.length)]?.id ?? 0;
  let n = 0;
  const name = () => `name ${n++}`;
  try {
    const timings = await compare(
      {
        [PLAIN]: () => plain.user.update({ where: { id: next() }, data: { name: name() } }),
        [HAND]: () => byHand(hand, next(), name()),
        [BUS]: () => captured.user.update({ where: { id: next() }, data: { name: name() } }),
        [COMPILING]: () => compiling.user.update({ where: { id: next() }, data: { name: name() } }),
        [NOT_COMPILING]: () => notCompiling.user.update({ where: { id: next() }, data: { name: name() } }),
        [UNTRACKED]: () =>
          capturing.airport.update({ where: { iata: String(next()) }, data: { name: name() } }),
        [UNTRACKED_PLAIN]: () =>
          untracked.airport.update({ where: { iata: String(next()) }, data: { name: name() } }),
      },
      effort,
    );
    return ratios(timings);
  } finally {
    const clients = [plain, hand, untracked, captured, capturing, compiling, notCompiling];
    for (const client of clients) await client.$disconnect();
  }
}

function open(url: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
}

/** Servers that have no JIT take the setting too. */
function withJit(url: string, jit: "on" | "off"): string {
  const changed = new URL(url);
  changed.searchParams.set("options", `-c jit=${jit}`);
  return changed.href;
}

function extend(client: PrismaClient) {
  return client.$extends(eventBus({ events: [UserChanged], capture: { User: { update: UserChanged } } }));
}

/** What a team would write: the row before, the write, and a job with both, in one transaction. */
function byHand(prisma: PrismaClient, id: number, name: string): Promise<unknown> {
  return prisma.$transaction(async (tx) => {
    const before = await tx.user.findUnique({ where: { id } });
    const after = await tx.user.update({ where: { id }, data: { name } });
    const payload = JSON.stringify({ name: "UserChanged", before, after });
    await tx.$executeRaw`select graphile_worker.add_job('event_bus:bench', ${payload}::json)`;
    return after;
  });
}

function ratios(timings: Timings): readonly Ratio[] {
  return [
    {
      what: "an update with one subscriber: event bus / outbox by hand",
      ratio: speedRatio(timings, BUS, HAND),
      target: 1,
    },
    {
      what: "an update with one subscriber: event bus / plain update",
      ratio: speedRatio(timings, BUS, PLAIN),
    },
    {
      what: "an update with one subscriber: outbox by hand / plain update",
      ratio: speedRatio(timings, HAND, PLAIN),
    },
    {
      what: "an update with one subscriber, event bus: jit = on / jit = off",
      ratio: speedRatio(timings, COMPILING, NOT_COMPILING),
      target: 0.91,
    },
    {
      what: "an update of an untracked model: event bus / plain",
      ratio: speedRatio(timings, UNTRACKED, UNTRACKED_PLAIN),
      target: 0.98,
    },
  ];
}
