import { EventBusError } from "../errors.js";
import { invalidOption, type Place } from "../registry/check-options.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import type { Subscriber } from "../registry/subscriber.js";

/** @throws EventBusError `INVALID_OPTION` for anything but subscribers, `DUPLICATE_NAME` for two of one name. */
export function checkSubscribers(subscribers: unknown, place: Place): readonly Subscriber[] {
  if (!Array.isArray(subscribers) || !subscribers.every(isSubscriber)) {
    const expected = "an array of subscribers made by defineSubscriber";
    throw invalidOption("subscribers", subscribers, expected, place);
  }
  const names = new Set<string>();
  for (const { name } of subscribers as readonly Subscriber[]) {
    if (names.has(name)) {
      const message = `two subscribers in ${place.of} are named "${name}": expected each name once`;
      throw new EventBusError("DUPLICATE_NAME", message, { value: name, path: "subscribers" });
    }
    names.add(name);
  }
  return subscribers;
}
