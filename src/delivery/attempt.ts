import type { Outcome, SettledOutcome } from "./outcome.js";

/** The result of running a handler. */
export interface Attempt {
  readonly outcome: Outcome;
  /** The outcome is on record already. */
  readonly isRecorded: boolean;
  /** The name of this run. */
  readonly claim: string;
  /** To be called once the handler no longer blocks others. Returns the outcome to record, if there is one after all. */
  readonly confirm?: () => Promise<SettledOutcome | undefined>;
}

let claims = 0;

/** A unique name for one run of a handler. */
export function nextClaim(worker: string): string {
  claims += 1;
  return `${worker}/${claims}`;
}
