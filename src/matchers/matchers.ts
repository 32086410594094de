import { toBeIdempotent } from "./to-be-idempotent.js";
import { toHaveDelivered } from "./to-have-delivered.js";
import { toHavePublished, toHavePublishedTimes } from "./to-have-published.js";
import { toHavePublishedInOrder } from "./to-have-published-in-order.js";

/** The matchers, for `expect.extend` of a runner whose matchers work like Jest's. */
export const matchers = {
  toHavePublished,
  toHavePublishedTimes,
  toHavePublishedInOrder,
  toHaveDelivered,
  toBeIdempotent,
};
