import type { Queryable } from "../outbox/executor.js";
import type { Delivery } from "../outbox/find-deliveries.js";
import { checkInteger, invalidOption } from "../registry/check-options.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import type { AnyEventType } from "../registry/event-type.js";
import type { Subscriber } from "../registry/subscriber.js";
import { deliveriesOf } from "../testing/deliveries-of.js";
import { publishedEvents } from "../testing/published-events.js";
import {
  checkEventType,
  checkExpected,
  checkFields,
  compareEvent,
  EVENT_FIELDS,
  type ExpectedEvent,
} from "./expected-event.js";
import { checkLook, type Look, look } from "./look.js";
import { type MatcherContext, type MatcherResult, verdict } from "./matcher.js";
import { checkClient } from "./received-client.js";
import {
  type Candidate,
  candidateLines,
  cutShort,
  expectedLines,
  headline,
  isMatch,
  message,
  nameEvent,
  nearestOf,
  othersLines,
} from "./report.js";
import { showError } from "./show-value.js";

const NAME = "toHaveDelivered";
const place = { of: `${NAME}()` };

/** The expected event and delivery. */
export interface ExpectedDelivery<T extends AnyEventType = AnyEventType> extends ExpectedEvent<T> {
  /** The type of the event. Defaults to any type that the subscriber handles. */
  readonly event?: T;
  /** The number of attempts. Defaults to any number. */
  readonly attempts?: number;
}

interface Question {
  readonly client: Queryable;
  readonly subscriber: Subscriber;
  readonly type: AnyEventType | undefined;
  readonly expected: ExpectedEvent;
  readonly attempts: number | undefined;
  readonly how: Look;
}

/** A delivery and its event, compared with the expectation. */
interface SeenDelivery extends Candidate {
  readonly delivery: Delivery;
}

/** The matcher {@link EventBusMatchers.toHaveDelivered}. */
export async function toHaveDelivered(
  this: MatcherContext,
  received: unknown,
  subscriber: unknown,
  expected?: unknown,
  options?: unknown,
): Promise<MatcherResult> {
  const client = checkClient(received, place.of);
  const question = { client, ...checkExpectation(subscriber, expected), how: checkLook(options, place) };
  const isThere = (seen: readonly SeenDelivery[]) => seen.some((one) => isDelivered(one, question));
  const seen = await look(question.how.withinMs, () => see(question), isThere);
  return verdict(this, isThere(seen), () => explain(this, question, seen));
}

function checkExpectation(
  subscriber: unknown,
  expectation: unknown = {},
): Pick<Question, "subscriber" | "type" | "expected" | "attempts"> {
  if (!isSubscriber(subscriber)) {
    throw invalidOption("subscriber", subscriber, "a subscriber made by defineSubscriber", place);
  }
  const known = ["event", "attempts", ...EVENT_FIELDS];
  const given = checkFields(expectation, known, { of: place.of, path: "expected" });
  const { event, attempts, ...expected } = given;
  const type = "event" in given ? checkEventType(event, "event", place) : undefined;
  if (type !== undefined && !subscriber.events.some(({ name }) => name === type.name)) {
    const handled = subscriber.events.map(({ name }) => name).join(", ");
    throw invalidOption("event", type.name, `one that "${subscriber.name}" handles: ${handled}`, place);
  }
  if (attempts !== undefined) checkInteger(given, "attempts", { min: 1, max: 10_000, defaultsTo: 1 }, place);
  return {
    subscriber,
    type,
    expected: checkExpected(expected, "expected", place, type ?? onlyOne(subscriber.events)),
    attempts: attempts as number | undefined,
  };
}

function onlyOne<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

async function see({ client, subscriber, type, expected, how }: Question): Promise<readonly SeenDelivery[]> {
  const names = type === undefined ? subscriber.events.map(({ name }) => name) : [type.name];
  const events = await publishedEvents(client, { event: names, after: how.after }, how.database);
  const byId = new Map(events.map((event) => [event.id, event]));
  const found = await deliveriesOf(client, { subscriber: subscriber.name, event: names }, how.database);
  return found.flatMap((delivery) => {
    const event = byId.get(delivery.eventId);
    return event === undefined ? [] : [{ delivery, event, comparisons: compareEvent(expected, event) }];
  });
}

function isDelivered(seen: SeenDelivery, { attempts }: Question): boolean {
  const { state, attempts: made } = seen.delivery;
  return isMatch(seen) && state === "delivered" && (attempts === undefined || made === attempts);
}

async function explain(
  context: MatcherContext,
  question: Question,
  seen: readonly SeenDelivery[],
): Promise<string> {
  const { client, subscriber, type, expected, attempts, how } = question;
  const fitting = seen.filter(isMatch);
  const nearest = fitting.length > 0 ? undefined : nearestOf(seen);
  const known = [...fitting, ...(nearest === undefined ? [] : [nearest])].map(({ event }) => event);
  const which = type === undefined ? "an event" : `an event ${type.name}`;
  const after = attempts === undefined ? "" : ` after ${countAttempts(attempts)}`;
  const what = `${which} to be delivered to "${subscriber.name}"${after}`;
  const lines = expectedLines(expected, context);
  const paragraphs = [
    [`${headline(what, how, context)}${lines.length === 0 ? "." : ", with:"}`, ...lines],
    fitting.length === 0 ? [] : ["Its deliveries:", ...cutShort(fitting.map(deliveryLine), 10)],
    nearest === undefined
      ? []
      : [`The nearest that it was sent is ${nameEvent(nearest.event)}:`, ...candidateLines(nearest, context)],
    seen.length > 0
      ? []
      : [
          "It was sent no such event. An event goes to the subscribers that were known when it was published: in a test, call",
          "subscribe({ client, subscribers }) before.",
        ],
    await othersLines(client, how, known),
  ];
  return message(`${NAME}(${subscriber.name})`, context, ...paragraphs);
}

function deliveryLine({ event, delivery: { state, attempts, errors } }: SeenDelivery): string {
  const last = errors.at(-1);
  const why = last === undefined ? "" : `, the last error: ${showError(last)}`;
  return `    ${nameEvent(event)}: ${state}, ${countAttempts(attempts)}${why}`;
}

function countAttempts(attempts: number): string {
  return attempts === 1 ? "1 attempt" : `${attempts} attempts`;
}
