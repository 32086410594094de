import type { DeliveryError } from "../outbox/find-deliveries.js";

/** What becomes of a delivery after it was taken up. */
export type Outcome =
  | { readonly state: "delivered" }
  /** The attempt failed, and there is another one. */
  | {
      readonly state: "retrying";
      readonly dueMs: number;
      readonly error: DeliveryError;
      readonly thrown: unknown;
    }
  /** Put off; no attempt was used up. */
  | {
      readonly state: "snoozed";
      readonly dueMs: number;
      readonly error?: DeliveryError;
      readonly thrown?: unknown;
      /** Processes died with it: that is counted. */
      readonly died?: true;
    }
  /** Its subscriber is paused: it has no job until the subscriber is resumed. No attempt was used up. */
  | { readonly state: "paused" }
  /** The handler ended it for good by `ctx.cancel()`. */
  | { readonly state: "cancelled"; readonly reason: string }
  /** The last attempt failed, or there cannot be another one. */
  | { readonly state: "dead"; readonly error: DeliveryError; readonly thrown: unknown }
  /** Another worker had moved the delivery on: nothing was done, or nothing of it counts. */
  | { readonly state: "stale" };

/** An outcome that moves the delivery on. */
export type SettledOutcome = Exclude<Outcome, { readonly state: "stale" }>;

export const STALE: Outcome = Object.freeze({ state: "stale" });
export const PAUSED: SettledOutcome = Object.freeze({ state: "paused" });
export const DELIVERED: SettledOutcome = Object.freeze({ state: "delivered" });
