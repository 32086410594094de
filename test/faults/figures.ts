import type { FaultName } from "./fault-kinds.js";

/** A fault that was made, in milliseconds since 1970. */
export interface MadeFault {
  readonly name: FaultName;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What a run has measured. */
export interface Figures {
  readonly seed: number;
  readonly durationMs: number;
  readonly workers: number;
  readonly faults: readonly MadeFault[];
  readonly events: number;
  readonly failedCalls: number;
  readonly deliveries: number;
  readonly repeated: number;
  readonly effects: number;
  readonly repeatedEffects: number;
  readonly longestRecoveryMs: number;
  /** The longest time in which nobody made any delivery, though events were written all the time. */
  readonly longestSilenceMs: number;
  readonly typicalRecoveryMs: number;
}

/**
 * How long after the end of each fault everything was delivered that had occurred by then. Other faults, which may
 * have come meanwhile, are a part of it.
 */
export function recoveries(
  faults: readonly MadeFault[],
  times: readonly { readonly occurredAt: number; readonly receivedAt: number }[],
): readonly number[] {
  return faults.map(({ endedAt }) =>
    times.reduce(
      (longest, { occurredAt, receivedAt }) =>
        occurredAt <= endedAt && receivedAt > endedAt ? Math.max(longest, receivedAt - endedAt) : longest,
      0,
    ),
  );
}

/** The figures as a table of Markdown. */
export function tableOf(figures: Figures): string {
  const number = (value: number) => Math.round(value).toLocaleString("en-US");
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const names = [...new Set(figures.faults.map(({ name }) => name))].sort();
  const rows: readonly (readonly [string, string])[] = [
    ["worker processes at a time", number(figures.workers)],
    ["duration", seconds(figures.durationMs)],
    ["events", number(figures.events)],
    ["calls of the application that failed meanwhile", number(figures.failedCalls)],
    ...names.map(
      (name) => [name, number(figures.faults.filter((fault) => fault.name === name).length)] as const,
    ),
    ["at-least-once deliveries", number(figures.deliveries)],
    [
      "of them repeated",
      `${number(figures.repeated)} (${((100 * figures.repeated) / Math.max(1, figures.deliveries)).toFixed(2)} %)`,
    ],
    ["transactional deliveries", number(figures.effects)],
    ["of them repeated", number(figures.repeatedEffects)],
    ["typical recovery (median)", seconds(figures.typicalRecoveryMs)],
    ["longest recovery", seconds(figures.longestRecoveryMs)],
    ["longest time without any delivery", seconds(figures.longestSilenceMs)],
  ];
  return [
    `| seed ${figures.seed} | |`,
    "|---|---|",
    ...rows.map(([what, value]) => `| ${what} | ${value} |`),
  ].join("\n");
}
