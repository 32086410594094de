import type { Outcome } from "./outcome.js";

/** What came of running a handler. */
export interface Attempt {
  readonly outcome: Outcome;
  /** The outcome is on record already. */
  readonly isRecorded: boolean;
  /** The name of this run. */
  readonly claim: string;
}

let claims = 0;

/** A name for one run of a handler, unlike that of any other. */
export function nextClaim(worker: string): string {
  claims += 1;
  return `${worker}/${claims}`;
}
