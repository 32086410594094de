import type { Outcome, SettledOutcome } from "./outcome.js";

/** What came of running a handler. */
export interface Attempt {
  readonly outcome: Outcome;
  /** The outcome is on record already. */
  readonly isRecorded: boolean;
  /** The name of this run. */
  readonly claim: string;
  /** To be called when nothing is held up by it any more: what is to be recorded after all. */
  readonly confirm?: () => Promise<SettledOutcome | undefined>;
}

let claims = 0;

/** A name for one run of a handler, unlike that of any other. */
export function nextClaim(worker: string): string {
  claims += 1;
  return `${worker}/${claims}`;
}
