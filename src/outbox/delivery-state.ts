/** Where a delivery can stand. */
export const DELIVERY_STATES = [
  "waiting",
  "retrying",
  "snoozed",
  "paused",
  "delivered",
  "cancelled",
  "dead",
] as const;

/**
 * Where a delivery stands. `waiting`: enqueued, and nothing happened to it yet, or not since it was sent again.
 * `paused`: held back, because its subscriber is paused.
 */
export type DeliveryState = (typeof DELIVERY_STATES)[number];
