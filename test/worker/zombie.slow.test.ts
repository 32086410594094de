import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { TransactionOf } from "../../src/registry/register.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { eventually } from "../support/eventually.js";
import { startMuteProxy } from "./mute-proxy.js";
import { Ping } from "./ping.js";
import { workerFixture } from "./worker-fixture.js";

// Processes take their time to start on a busy machine.
const { pool, url, start, publish, deliveries, allIn } = await workerFixture();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

beforeEach(async () => {
  await pool.query(`truncate "Balance"; insert into "Balance" ("userId") values (1)`);
});

const children = new Set<Child>();
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all([...children].map(({ exit }) => exit));
  children.clear();
});

/** A process with a worker, and what it has told so far. */
class Child {
  readonly told: { readonly type: string; readonly outcome?: string }[] = [];
  readonly exit: Promise<unknown>;
  readonly #process: ChildProcess;

  constructor(env: Readonly<Record<string, string>>) {
    const program = fileURLToPath(new URL("transactional-worker.ts", import.meta.url));
    this.#process = fork(program, {
      execArgv: ["--import", "tsx"],
      env: { ...process.env, DATABASE_URL: url, ...env },
    });
    this.#process.on("message", (message) => this.told.push(message as never));
    this.exit = once(this.#process, "close");
    children.add(this);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Lets its handler end. */
  go(): void {
    this.#process.send("go");
  }

  until(type: string): Promise<unknown> {
    return eventually(() => expect(this.told.map((one) => one.type)).toContain(type));
  }

  outcomes(): (string | undefined)[] {
    return this.told.filter(({ type }) => type === "deliver:stop").map(({ outcome }) => outcome);
  }
}

async function child(env: Readonly<Record<string, string>> = {}): Promise<Child> {
  const started = new Child(env);
  await started.until("ready");
  return started;
}

let runs = 0;
/** A worker in this process, with the same subscriber. */
const survivor = () => {
  runs = 0;
  const counts = defineSubscriber({
    name: "counts",
    events: [Ping],
    transactional: true,
    async handle(event, ctx) {
      runs += 1;
      const tx = ctx.tx as unknown as TransactionOf<typeof prisma>;
      const { n: userId } = event.aggregate;
      await tx.balance.update({ where: { userId }, data: { orders: { increment: 1 } } });
    },
  });
  const worker = { pollIntervalMs: 200, heartbeatMs: 200, deadAfterMs: 1_000 };
  return start([counts as unknown as Subscriber], { prisma, worker });
};

const orders = async () => (await pool.query(`select orders from "Balance"`)).rows[0]?.orders;

describe("a transactional delivery whose process", () => {
  it("is killed inside of it is made by another one, and its effects are there once", async () => {
    const killed = await child();
    await publish();
    await killed.until("inside");
    killed.kill("SIGKILL");
    await survivor();
    await allIn("delivered", 1);
    expect([runs, await orders()]).toEqual([1, 1]);
  });

  it("is stopped for longer than it may be silent cannot commit when it goes on", async () => {
    const zombie = await child();
    await publish();
    await zombie.until("inside");
    await survivor();
    zombie.kill("SIGSTOP");
    await allIn("delivered", 1);
    expect([runs, await orders()]).toEqual([1, 1]);
    const before = await deliveries();
    zombie.go();
    zombie.kill("SIGCONT");
    await eventually(() => expect(zombie.outcomes()).toEqual(["stale"]));
    expect([runs, await orders(), await deliveries()]).toEqual([1, 1, before]);
  });

  it("is stopped while the server works for it cannot commit when it goes on", async () => {
    const zombie = await child();
    const holder = await pool.connect();
    await holder.query("begin");
    await holder.query(`select from "Balance" for update`);
    await publish();
    await zombie.until("begun");
    await eventually(async () => {
      const { rows } = await pool.query(
        "select from pg_stat_activity where application_name = 'child' and wait_event_type = 'Lock'",
      );
      expect(rows).toHaveLength(1);
    });
    zombie.kill("SIGSTOP");
    await survivor();
    await holder.query("commit");
    holder.release();
    await allIn("delivered", 1);
    zombie.go();
    zombie.kill("SIGCONT");
    await eventually(() => expect(zombie.outcomes()).toEqual(["stale"]));
    expect([runs, await orders()]).toEqual([1, 1]);
  });

  it("is cut off from the database cannot commit when it is back", async () => {
    const proxy = await startMuteProxy(url);
    try {
      const cut = await child({ DATABASE_URL: proxy.url });
      await publish();
      await cut.until("inside");
      await survivor();
      expect(proxy.mute()).toBeGreaterThan(0);
      await allIn("delivered", 1);
      // Its commit is never answered.
      cut.go();
      await eventually(() => expect(cut.outcomes()).toEqual(["stale"]));
    } finally {
      await proxy.close();
    }
    expect([runs, await orders()]).toEqual([1, 1]);
  });
});
