import { describe, expect, it } from "vitest";

import { capture, openTeams } from "../extension/nested/fixture.js";
import { seededTeams } from "../extension/nested/teams.js";
import type { Interruption } from "../extension/support/interrupted.js";
import { amount, sampleOf } from "../support/amount.js";
import { modelsOf } from "../support/ground-truth.js";
import { type Disturbance, disturbancesOf } from "./disturbances.js";
import { calls, regressions } from "./disturbed-calls.js";
import { ask, make, numbersFrom, type RandomCall, RandomWrites, show, Tape } from "./random-writes.js";

// A call, and another one that gets in its way just before one of its statements: as a whole, or such that it commits when
// the call waits for it, or after it. What a race can come to, without luck. The events of both are what triggers saw. `INTERLEAVINGS` says which share of all of them is tried, one in
// so many; 1 for all.
const share = amount({ few: 600, many: 120 }, "INTERLEAVINGS");
const seedOfRuns = Number(process.env["PROPERTY_SEED"] ?? 7);

const interruption: Interruption = { before: undefined };
const { url, pool, ledger, base, truth } = await seededTeams();
const prisma = openTeams(url, { interruption, max: 1 });
// Where the call has locked what the other one wants, the other gives up at once.
const other = openTeams(`${url}?options=-c%20lock_timeout%3D1ms`, { max: 1 });
const models = modelsOf(base);
const names = Object.keys(capture);

/** What Prisma and PostgreSQL refuse for good reasons. */
const EXPECTED = /^P20(02|03|11|14|15|16|17|18|25|28|34)$/;

/** How the call is made: by itself, in a batch behind another one, or in a transaction of an isolation level. */
const CONTEXTS = ["alone", "batch", "ReadCommitted", "RepeatableRead", "Serializable"] as const;
type Context = (typeof CONTEXTS)[number];

/** Whether the other one has committed when the call goes on. */
const MANNERS = ["committed", "open"] as const;
type Manner = (typeof MANNERS)[number];

/** Makes the call with the other one before its statement number `at`. */
async function interleave(
  call: RandomCall,
  disturbance: Disturbance | undefined,
  at: number,
  context: Context,
  manner: Manner = "committed",
) {
  await ledger.restore();
  if (disturbance?.setup !== undefined) await make(base, disturbance.setup).catch(() => undefined);
  await truth.clear();
  let statements = 0;
  let disturbing: Disturbing | undefined;
  interruption.before = async () => {
    statements += 1;
    if (statements !== at || disturbance === undefined) return;
    disturbing = begin(disturbance.call);
    if (manner === "open") await disturbing.isMade;
    else await disturbing.commit();
  };
  let isDone = false;
  const made = outcomeOf(() => makeIn(context, call)).finally(() => {
    isDone = true;
  });
  // The connection of the call is the only one that can wait.
  while (!isDone && (disturbing === undefined || !(await somebodyWaits())))
    await Promise.race([made, tick()]);
  const hasCome = (await disturbing?.commit()) === true;
  const outcome = await made;
  interruption.before = undefined;
  return { statements, hasCome, outcome };
}

function makeIn(context: Context, call: RandomCall): Promise<unknown> {
  if (context === "alone") return make(prisma, call);
  if (context === "batch") {
    const first = prisma.team.updateMany({ where: { id: 2 }, data: { name: "batch" } });
    return prisma.$transaction([first, ask(prisma, call) as typeof first]);
  }
  return prisma.$transaction((tx) => make(tx, call), { isolationLevel: context });
}

interface Disturbing {
  /** Fulfilled when it is made, and not committed, or refused. */
  readonly isMade: Promise<unknown>;
  /** @returns whether it took effect. */
  commit(): Promise<boolean>;
}

function begin(call: RandomCall): Disturbing {
  let commit = (): void => undefined;
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let isMade: Promise<unknown> = Promise.resolve();
  const ended = other
    .$transaction(async (tx) => {
      isMade = make(tx, call);
      begun();
      await isMade;
      await mayCommit;
    })
    .then(
      () => true,
      () => false,
    );
  let begun = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  return {
    isMade: Promise.race([hasBegun.then(() => isMade).catch(() => undefined), ended]),
    commit: () => {
      commit();
      return ended;
    },
  };
}

function outcomeOf(run: () => Promise<unknown>): Promise<string> {
  return run().then(
    () => "done",
    (error: { readonly code?: string; readonly name: string; readonly message: string }) =>
      EXPECTED.test(error.code ?? "")
        ? `refused with ${error.code}`
        : `${error.name} ${error.code} ${error.message.slice(-300)}`,
  );
}

async function somebodyWaits(): Promise<boolean> {
  const { rowCount } = await pool.query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rowCount !== 0;
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What events tell, where that is not what triggers saw. */
async function differences(): Promise<readonly string[]> {
  const events = await ledger.events();
  const [told, seen] = [await truth.told(events), await truth.changes()].map((changes) =>
    JSON.stringify(changes),
  );
  const broken = await truth.brokenChains(events);
  return told === seen ? broken : [`told ${told}`, `seen ${seen}`, ...broken];
}

const manners = CONTEXTS.flatMap((context) => MANNERS.map((manner) => [context, manner] as const));
const regressionsOfManners = manners.flatMap(([context, manner]) =>
  regressions.map((one, at) => [context, manner, at, one] as const),
);

it.each(sampleOf(regressionsOfManners, 7))(
  "a call, %s, others %s, is told as triggers saw it: regression %i",
  async (context, manner, _, one) => {
    const [setup, call, disturbing] = one;
    const disturbance = { setup, call: disturbing as RandomCall };
    const wrong: string[] = [];
    let came = 0;
    for (let at = 2, statements = at; at <= statements; at++) {
      const result = await interleave(call as RandomCall, disturbance, at, context, manner);
      statements = Math.max(statements, result.statements);
      if (result.hasCome) came += 1;
      wrong.push(...(await differences()));
      expect(result.outcome).toMatch(/^(done|refused)/);
    }
    expect(wrong).toEqual([]);
    expect(came).toBeGreaterThan(0);
  },
);

describe.each(sampleOf(manners, 5))("a call, %s, others %s,", (context, manner) => {
  it("in whose way others get is told as triggers saw it", async () => {
    const wrong: string[] = [];
    let [tried, took, came, number] = [0, 0, 0, 0];
    for (const [n, call] of calls.entries()) {
      const random = new RandomWrites(models, names, new Tape(numbersFrom(seedOfRuns * 10_000 + n)));
      const { statements } = await interleave(call, undefined, 0, context);
      for (const disturbance of disturbancesOf(models, call, random)) {
        // Before the first one there is no transaction yet; what gets in the way may lead to more of them.
        for (let at = 2; at <= statements + 2; at++) {
          number += 1;
          if ((number + seedOfRuns) % share !== 0) continue;
          const result = await interleave(call, disturbance, at, context, manner);
          tried += 1;
          if (result.outcome === "done") took += 1;
          if (result.hasCome) came += 1;
          const problems = await differences();
          if (problems.length === 0 && /^(done|refused)/.test(result.outcome)) continue;
          const { setup, call: disturbing } = disturbance;
          const what = `${show(call)} was ${result.outcome}; before statement ${at} ${result.hasCome ? "came" : "was refused"}`;
          const before = setup === undefined ? [] : [`after ${show(setup)}`];
          wrong.push([what, show(disturbing), ...before, ...problems].join("\n  "));
        }
      }
    }
    console.info(`${tried} tried: ${took} calls took effect, ${came} others came`);
    expect(wrong).toEqual([]);
    expect(took).toBeGreaterThan(tried / 4);
    expect(came).toBeGreaterThan(tried / 40);
  }, 900_000);
});
