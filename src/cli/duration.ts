const STEPS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** A length of time for people, as exact as they need it: `250 ms`, `12 s`, `4 min`, `30 h`, `3 d`. */
export function duration(ms: number): string {
  const step = STEPS.find(([, length]) => ms >= 2 * length);
  return step === undefined ? `${Math.max(0, Math.round(ms))} ms` : `${Math.round(ms / step[1])} ${step[0]}`;
}
