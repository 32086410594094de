import pg from "pg";

import type { MuteProxy } from "../worker/mute-proxy.js";
import type { FaultDatabase } from "./database.js";
import type { Random } from "./random.js";
import type { WorkerSlot } from "./worker-slot.js";

/** What faults happen to. */
export interface Surroundings {
  readonly database: FaultDatabase;
  readonly slots: readonly WorkerSlot[];
  /** The ways of some of the workers. */
  readonly proxies: readonly MuteProxy[];
  readonly random: Random;
}

type Fault = (around: Surroundings) => Promise<void>;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Takes a worker that no other fault is at work on; none when all are. */
async function withSlot(
  { slots, random }: Surroundings,
  work: (slot: WorkerSlot) => Promise<void>,
): Promise<void> {
  const free = slots.filter(({ busy }) => !busy);
  if (free.length === 0) return;
  const slot = random.pick(free);
  slot.busy = true;
  try {
    await work(slot);
  } finally {
    slot.busy = false;
  }
}

/** Of these there is one at a time. */
let server: Promise<void> = Promise.resolve();

function inTurn(fault: Fault): Fault {
  return (around) => {
    const turn = server.then(() => fault(around));
    server = turn.catch(() => undefined);
    return turn;
  };
}

const restart = (mode: "fast" | "immediate"): Fault =>
  inTurn(async ({ database }) => database.server.restart(mode));

export const FAULTS = {
  "worker killed": (around) =>
    withSlot(around, async (slot) => {
      await slot.kill();
      await slot.start();
    }),
  "worker stopped for longer than it may be silent": (around) =>
    withSlot(around, async (slot) => {
      slot.freeze();
      await wait(around.random.between(4_000, 6_000));
      slot.thaw();
    }),
  "all workers replaced, one after the other": async ({ slots }) => {
    for (const slot of slots) {
      while (slot.busy) await wait(50);
      slot.busy = true;
      await slot.stop();
      await slot.start();
      slot.busy = false;
    }
  },
  "connections terminated": async ({ database, random }) => {
    await database.admin(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = 'faults' and pid <> pg_backend_pid() and random() < $1`,
      [random.between(0.1, 1)],
    );
  },
  "database restarted (fast)": restart("fast"),
  "database restarted (immediate)": restart("immediate"),
  "sockets half-open": async ({ proxies, random }) => {
    random.pick(proxies).mute();
  },
  "connections used up": inTurn(async ({ database }) => {
    const taken = await takeConnections(database.url);
    await wait(1_500);
    await Promise.all(taken.map((client) => client.end().catch(() => undefined)));
  }),
  "writes refused": inTurn(async ({ database }) => {
    await database.admin("alter system set default_transaction_read_only = on");
    await database.admin("select pg_reload_conf()");
    await wait(1_500);
    await database.admin("alter system reset default_transaction_read_only");
    await database.admin("select pg_reload_conf()");
  }),
} satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof FAULTS;

async function takeConnections(url: string): Promise<readonly pg.Client[]> {
  const taken: pg.Client[] = [];
  const takeOne = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    try {
      await client.connect();
      taken.push(client);
      return true;
    } catch {
      return false;
    }
  };
  const takeSome = async () => {
    while (await takeOne());
  };
  await Promise.all(Array.from({ length: 10 }, takeSome));
  return taken;
}
