import { isSubscriber } from "../registry/define-subscriber.js";
import { isEventType } from "../registry/is-event.js";

/** An event type or a subscriber, or its name. */
export type Named = string | { readonly name: string };

/** The names of one or several. What is neither is left as it is, for whoever looks at names to refuse. */
export function namesOf(named: Named | readonly Named[]): string | readonly string[] {
  const nameOf = (one: Named) => (isEventType(one) || isSubscriber(one) ? one.name : (one as string));
  return Array.isArray(named) ? named.map(nameOf) : nameOf(named as Named);
}
