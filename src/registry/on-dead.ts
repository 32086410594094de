import type { StoredEvent } from "./event.js";

/** A delivery whose last attempt has failed. */
export interface DeadLetter {
  readonly subscriber: string;
  /** The event; null when it cannot be decoded. */
  readonly event: StoredEvent | null;
  /** What the last attempt threw. */
  readonly error: unknown;
  /** The delivery, and what can be said of its event in any case. */
  readonly delivery: {
    readonly eventId: string;
    readonly eventName: string;
    readonly aggregateType: string | null;
    readonly aggregateKey: string | null;
    readonly position: number;
    /** How many attempts were made. */
    readonly attempts: number;
  };
}

/**
 * Called after a delivery was recorded as dead, to tell somebody. Best effort: it is not called again when it fails or
 * takes longer than ten seconds, which is reported, nor when the process ends before. What must not be missed is in
 * `status`.
 *
 * @example
 * ```ts
 * const onDead: OnDead = ({ subscriber, error, delivery }) => alert(`${subscriber}: ${delivery.eventId}: ${error}`);
 * ```
 */
export type OnDead = (letter: DeadLetter) => unknown;
