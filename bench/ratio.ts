/** A line of the result. */
export interface Ratio {
  readonly what: string;
  readonly ratio: number;
  /** What the project holds itself to; undefined for lines that only inform. */
  readonly target?: number;
  /** The same of what is to stay low. */
  readonly most?: number;
}

/** The line as it is printed. */
export function describeRatio({ what, ratio, target, most }: Ratio): string {
  const line = `${ratio.toFixed(2)}  ${what}`;
  if (most !== undefined)
    return `${line}  (at most ${most.toFixed(2)}: ${ratio <= most ? "reached" : "missed"})`;
  if (target === undefined) return line;
  return `${line}  (target ${target.toFixed(2)}: ${ratio >= target ? "reached" : "missed"})`;
}
