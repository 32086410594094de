/** Something to be timed: does its work once. */
export type Case = () => Promise<unknown>;

/** What a case took in each round, in milliseconds for each call. */
export type Timings = ReadonlyMap<string, readonly number[]>;

/** How long is measured. */
export interface Effort {
  /** At least five: the median of fewer says little. */
  readonly rounds: number;
  /** Calls of each case in a round. */
  readonly calls: number;
  /** Calls that run at the same time. */
  readonly concurrency: number;
}

/**
 * Times cases against each other in one run: in each round every case runs once, in changing order, so that a
 * slower or faster spell of the machine meets them all.
 */
export async function compare(cases: Readonly<Record<string, Case>>, effort: Effort): Promise<Timings> {
  const names = Object.keys(cases);
  const timings = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < effort.rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) {
      const ms = await timePerCall(cases[name] as Case, effort);
      // The first round warms up: connections, plans, compiled code.
      if (round >= 0) timings.get(name)?.push(ms);
    }
  }
  return timings;
}

async function timePerCall(work: Case, { calls, concurrency }: Effort): Promise<number> {
  let left = calls;
  const started = performance.now();
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return (performance.now() - started) / calls;
}

/** How many times as fast `a` is as `b`, as the median of the rounds' ratios. */
export function speedRatio(timings: Timings, a: string, b: string): number {
  const ofA = timings.get(a) ?? [];
  const ofB = timings.get(b) ?? [];
  return median(ofA.map((ms, round) => (ofB[round] ?? Number.NaN) / ms));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
