import type { DeliveryError } from "../outbox/find-deliveries.js";

/** The outcome of a delivery that a worker has started. */
export type Outcome =
  | { readonly state: "delivered" }
  /** The attempt failed, and another one follows. */
  | {
      readonly state: "retrying";
      readonly dueMs: number;
      readonly error: DeliveryError;
      readonly thrown: unknown;
    }
  /** The delivery is made later. No attempt was used up. */
  | {
      readonly state: "snoozed";
      readonly dueMs: number;
      readonly error?: DeliveryError;
      readonly thrown?: unknown;
      /** Whether to count the death of a process. */
      readonly died?: true;
    }
  /** The subscriber is paused: the delivery has no job until it is resumed. No attempt was used up. */
  | { readonly state: "paused" }
  /** The handler ended the delivery with `ctx.cancel()`. */
  | { readonly state: "cancelled"; readonly reason: string }
  /** The last attempt failed, or no further attempt is possible. */
  | { readonly state: "dead"; readonly error: DeliveryError; readonly thrown: unknown }
  /** Another worker or command has changed the delivery: nothing was done, or it does not count. */
  | { readonly state: "stale" };

/** An outcome that changes the delivery. */
export type SettledOutcome = Exclude<Outcome, { readonly state: "stale" }>;

export const STALE: Outcome = Object.freeze({ state: "stale" });
export const PAUSED: SettledOutcome = Object.freeze({ state: "paused" });
export const DELIVERED: SettledOutcome = Object.freeze({ state: "delivered" });
