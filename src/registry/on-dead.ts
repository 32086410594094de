import type { StoredEvent } from "./event.js";

/** A delivery whose last attempt has failed. */
export interface DeadLetter {
  readonly subscriber: string;
  /** The event; null if it cannot be decoded. */
  readonly event: StoredEvent | null;
  /** The error of the last attempt. */
  readonly error: unknown;
  /** The delivery, and the properties of its event that are always known. */
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
 * Called after a delivery was recorded as dead, for alerts. Not guaranteed: it is not called again if it fails or takes longer than
 * ten seconds, which is reported, or if the process ends first. `status` counts all dead deliveries.
 *
 * @example
 * ```ts
 * const onDead: OnDead = ({ subscriber, error, delivery }) => alert(`${subscriber}: ${delivery.eventId}: ${error}`);
 * ```
 */
export type OnDead = (letter: DeadLetter) => unknown;
