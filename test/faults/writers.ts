import { type Application, openApplication, Ticked } from "./application.js";
import type { Random } from "./random.js";

/** Writes until it is stopped. */
export interface Writers {
  /** How many calls succeeded, and how many did not. */
  readonly calls: { readonly done: number; readonly failed: number };
  /** Publishes events that no table has, and returns their number. */
  publish(count: number): Promise<number>;
  stop(): Promise<void>;
}

const WRITERS = 4;

class Undo extends Error {}

/**
 * Writes to the database as an application does, with transactions that are rolled back among them. Whether a call
 * that failed has committed, only the database knows: every event belongs to a row, or to a count, of a table.
 */
export function startWriters(url: string, random: Random, callsPerSecond: number): Writers {
  const app = openApplication(url, WRITERS + 1);
  const calls = { done: 0, failed: 0 };
  let stopped = false;
  let marks = 0;
  const mark = (kind: string) => {
    marks += 1;
    return `${kind}-${marks}`;
  };
  const write = async () => {
    while (!stopped) {
      const startedAt = performance.now();
      try {
        await random.pick(CALLS)(app, mark, random);
        calls.done += 1;
      } catch (error) {
        if (!(error instanceof Undo)) calls.failed += 1;
      }
      const pause = (WRITERS * 1_000) / callsPerSecond - (performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, pause)));
    }
  };
  const running = Array.from({ length: callsPerSecond > 0 ? WRITERS : 0 }, write);
  return {
    calls,
    async publish(count) {
      const drafts = Array.from({ length: count }, () => Ticked({ mark: mark("loose") }));
      const { events } = await app.$publish(drafts);
      return events.length;
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
      await app.$disconnect();
    },
  };
}

type Call = (app: Application, mark: (kind: string) => string, random: Random) => Promise<unknown>;

const sku = (random: Random) => ({ sku: random.pick(["p1", "p2", "p3", "p4", "p5"]) });
const increment = { stock: { increment: 1 } };
const user = (email: string) => ({ data: { email } });

const alone: Call = (app, mark) => app.user.create(user(mark("alone")));
const stock: Call = (app, _, random) => app.product.update({ where: sku(random), data: increment });
const batch: Call = (app, mark) =>
  app.$transaction([app.user.create(user(mark("batch"))), app.user.create(user(mark("batch")))]);
const interactive =
  (undo: boolean): Call =>
  (app, mark, random) => {
    const ticked = mark(undo ? "undone" : "ticked");
    return app.$transaction(async (tx) => {
      await tx.user.create(user(ticked));
      await tx.$publish(Ticked({ mark: ticked }));
      await tx.product.update({ where: sku(random), data: increment });
      if (undo) throw new Undo();
    });
  };

const CALLS: readonly Call[] = [
  alone,
  alone,
  alone,
  stock,
  batch,
  interactive(false),
  interactive(false),
  interactive(true),
];
