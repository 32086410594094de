import { bundle } from "../support/bundle.js";
import { until } from "../support/until.js";
import { startMuteProxy } from "../worker/mute-proxy.js";
import { findBouncer, startBouncer } from "../worker/pgbouncer.js";
import { openDatabase } from "./database.js";
import { FAULTS, type FaultName } from "./fault-kinds.js";
import { type Figures, type MadeFault, recoveries } from "./figures.js";
import { Random } from "./random.js";
import { countAll, countOpen, deliveryTimes, findViolations, longestSilence } from "./verify.js";
import { type Protocol, WorkerSlot } from "./worker-slot.js";
import { startWriters } from "./writers.js";

export interface FaultRun {
  readonly seed: number;
  /** How often each fault is made. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** At least so many events are published, for as long as that takes. */
  readonly events: number;
  readonly callsPerSecond: number;
  readonly pauseMs: readonly [min: number, max: number];
  /** How long everything may take to be delivered at the end. */
  readonly patienceMs: number;
  readonly onProgress?: (line: string) => void;
}

/** What came out: the figures, and what must not have happened. */
export interface FaultResult {
  readonly figures: Figures;
  readonly violations: readonly string[];
}

/** Writes and delivers under faults, then waits until all is quiet and looks at what there is. */
export async function runFaults(run: FaultRun): Promise<FaultResult> {
  const startedAt = performance.now();
  const { onProgress: say = () => undefined } = run;
  const random = new Random(run.seed);
  const cleanUp: (() => unknown)[] = [];
  try {
    const program = await bundle("test/faults/worker-process.ts");
    cleanUp.push(program.remove);
    const database = await openDatabase();
    cleanUp.push(database.stop);
    const { url, admin } = database;
    const protocol: Protocol = { lines: [], faults: [] };
    const proxy = await startMuteProxy(url);
    cleanUp.push(proxy.close);
    const ways = [{ url }, { url: proxy.url }];
    if (findBouncer() !== undefined) {
      const bouncer = await startBouncer(url, 25);
      cleanUp.push(bouncer.stop);
      ways.push({ url: bouncer.url });
    }
    const slots = ways.map(
      (way, index) =>
        new WorkerSlot(`w${index + 1}`, program.file, () => ({ ...way, directUrl: url }), protocol),
    );
    cleanUp.push(() => Promise.all(slots.map((slot) => slot.kill())));
    await Promise.all(slots.map((slot) => slot.start()));

    say("the workers are ready");
    const begunAt = new Date();
    const writers = startWriters(url, random, run.callsPerSecond);
    const made = await makeFaults(run, { database, slots, proxies: [proxy], random }, async () => {
      const { events } = await countAll(admin);
      return events;
    });
    const endedAt = new Date();
    say("the last event is published");
    await writers.stop();
    await untilQuiet(admin, run);
    say("all is quiet");
    const idle = await idleWorkers(url, slots, admin);
    await untilQuiet(admin, run);
    await Promise.all(slots.map((slot) => slot.stop()));
    say("the workers have stopped");

    const violations = [...protocol.faults, ...idle, ...(await findViolations(admin))];
    const counts = await countAll(admin);
    if (process.env["FAULTS_DEBUG"]) {
      const slow =
        await admin(`select e.position, s.subscriber, s.worker, to_char(e.occurred_at,'SS.MS') at, round(extract(epoch from s.at - e.occurred_at)::numeric, 1) as lag, d.attempt, d.generation, jsonb_path_query_array(d.errors, '$[*].name') as errors
        from (select position, subscriber, min(at) at, min(worker) worker from seen group by 1,2) s join event_bus.events e using (position)
        join event_bus.subscriptions ss on ss.subscriber = s.subscriber and ss.event_name = e.name join event_bus.deliveries d on d.position = e.position and d.subscription_id = ss.id
        order by lag desc limit 25`);
      console.table(slow);
      console.log(protocol.lines.map((line) => JSON.stringify(line)).join("\n"));
    }
    const sorted = [...recoveries(made, await deliveryTimes(admin))].sort((a, b) => a - b);
    const figures: Figures = {
      seed: run.seed,
      durationMs: performance.now() - startedAt,
      workers: slots.length,
      faults: made,
      ...counts,
      failedCalls: writers.calls.failed,
      longestSilenceMs: await longestSilence(admin, begunAt, endedAt),
      longestRecoveryMs: sorted.at(-1) ?? 0,
      typicalRecoveryMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    };
    return { figures, violations };
  } finally {
    for (const close of cleanUp.reverse()) await close();
  }
}

async function makeFaults(
  { faults, events, pauseMs, onProgress }: FaultRun,
  around: Parameters<(typeof FAULTS)[FaultName]>[0],
  countEvents: () => Promise<number>,
): Promise<readonly MadeFault[]> {
  const { random } = around;
  const names = Object.entries(faults).flatMap(([name, count]) =>
    Array.from({ length: count }, () => name as FaultName),
  );
  const made: MadeFault[] = [];
  const running: Promise<void>[] = [];
  for (const [index, name] of random.shuffle(names).entries()) {
    await new Promise((resolve) => setTimeout(resolve, random.between(...pauseMs)));
    const startedAt = Date.now();
    onProgress?.(`${index + 1}/${names.length} ${name}`);
    // The next one does not wait for it.
    running.push(
      FAULTS[name](around).then(() => {
        made.push({ name, startedAt, endedAt: Date.now() });
        onProgress?.(`${index + 1} is over`);
      }),
    );
  }
  await Promise.all(running);
  onProgress?.("the last fault is over");
  while ((await countEvents()) < events) await new Promise((resolve) => setTimeout(resolve, 1_000));
  return made;
}

type Admin = Awaited<ReturnType<typeof openDatabase>>["admin"];

async function untilQuiet(admin: Admin, { patienceMs }: FaultRun): Promise<void> {
  await until(async () => {
    const { open, dead } = await countOpen(admin);
    if (open > dead) throw new Error(`${open - dead} deliveries are still open`);
  }, patienceMs).catch(() => undefined); // What is open then is found later.
}

/** Workers that live and do nothing: each is given work until it has done some. */
async function idleWorkers(
  url: string,
  slots: readonly WorkerSlot[],
  admin: Admin,
): Promise<readonly string[]> {
  const writers = startWriters(url, new Random(1), 0);
  try {
    await until(
      async () => {
        await writers.publish(100);
        const [row] = await admin<{ idle: string[] }>(
          `select array(select name from unnest($1::text[]) name
                       where not exists (select from seen where worker = name and at > now() - interval '30 s')) as idle`,
          [slots.map((slot) => slot.current)],
        );
        if (row?.idle.length !== 0) throw new Error(`${row?.idle} made no delivery any more`);
      },
      20_000,
      1_000,
    );
    return [];
  } catch (error) {
    return [String(error)];
  } finally {
    await writers.stop();
  }
}
