/** The states of a delivery. */
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
 * The state of a delivery. `waiting`: no attempt was made yet, or none since it was redriven. `paused`: it waits because its
 * subscriber is paused.
 */
export type DeliveryState = (typeof DELIVERY_STATES)[number];
