import type { Queryable } from "../outbox/executor.js";
import { invalidOption } from "../registry/check-options.js";
import type { AnyEventType } from "../registry/event-type.js";
import { knownEvent } from "../registry/known-events.js";
import { publishedEvents } from "../testing/published-events.js";
import { checkEventType, checkExpected, compareEvent, type ExpectedEvent } from "./expected-event.js";
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

/** The matcher {@link EventBusMatchers.toHavePublished}. */
export async function toHavePublished(
  this: MatcherContext,
  received: unknown,
  type: unknown,
  expected?: unknown,
  options?: unknown,
): Promise<MatcherResult> {
  const question = ask("toHavePublished", received, type, expected, options);
  const seen = await seeUntil(question, (matching) => matching > 0);
  return verdict(this, seen.some(isMatch), () => explain(this, question, seen, "an event"));
}

/** The matcher {@link EventBusMatchers.toHavePublishedTimes}. */
export async function toHavePublishedTimes(
  this: MatcherContext,
  received: unknown,
  type: unknown,
  times: unknown,
  expected?: unknown,
  options?: unknown,
): Promise<MatcherResult> {
  const of = "toHavePublishedTimes()";
  if (typeof times !== "number" || !Number.isSafeInteger(times) || times < 0) {
    throw invalidOption("times", times, "a whole number from 0", { of });
  }
  const question = ask("toHavePublishedTimes", received, type, expected, options);
  // Zero events can be confirmed only at the end of the time; a greater number as soon as it is reached.
  const seen = await seeUntil(question, (matching) => (times === 0 ? matching > 0 : matching === times));
  const what = times === 1 ? "1 event" : `${times} events`;
  const pass = seen.filter(isMatch).length === times;
  return verdict(this, pass, () => explain(this, question, seen, what));
}

interface Question {
  readonly matcher: string;
  readonly client: Queryable;
  readonly type: AnyEventType;
  readonly expected: ExpectedEvent;
  readonly look: Look;
}

function ask(
  matcher: string,
  received: unknown,
  type: unknown,
  expected: unknown,
  options: unknown,
): Question {
  const place = { of: `${matcher}()` };
  const client = checkClient(received, place.of);
  const checked = checkEventType(type, "event", place);
  return {
    matcher,
    client,
    type: checked,
    expected: checkExpected(expected, "expected", place, checked),
    look: checkLook(options, place),
  };
}

function seeUntil(
  { client, type, expected, look: { withinMs, after, database } }: Question,
  isEnough: (matching: number) => boolean,
): Promise<readonly Candidate[]> {
  const see = async () => {
    const events = await publishedEvents(client, { event: type, after }, database);
    return events.map((event) => ({ event, comparisons: compareEvent(expected, event) }));
  };
  return look(withinMs, see, (seen) => isEnough(seen.filter(isMatch).length));
}

async function explain(
  context: MatcherContext,
  { matcher, client, type, expected, look: options }: Question,
  seen: readonly Candidate[],
  what: string,
): Promise<string> {
  const matching = seen.filter(isMatch);
  const others = seen.filter((candidate) => !isMatch(candidate));
  const nearest = nearestOf(others);
  const known = [...matching, ...(nearest === undefined ? [] : [nearest])].map(({ event }) => event);
  const found = matching.map(({ event }) => `    ${nameEvent(event)}`);
  const lines = expectedLines(expected, context);
  const paragraphs = [
    [`${headline(`${what} ${type.name}`, options, context)}${lines.length === 0 ? "." : " with:"}`, ...lines],
    found.length === 0 ? [] : [`Found ${found.length}:`, ...cutShort(found, 10)],
    nearest === undefined || (context.isNot === true && matching.length > 0)
      ? []
      : [
          `The nearest${matching.length > 0 ? " of the others" : ""} is ${nameEvent(nearest.event)}:`,
          ...candidateLines(nearest, context),
        ],
    seen.length === 0 ? unheardLines(type) : [],
    await othersLines(client, options, known),
  ];
  return message(`${matcher}(${type.name})`, context, ...paragraphs);
}

/** No client can publish an event that none was given. But this process may have no publishing client: so this is a hint. */
function unheardLines(type: AnyEventType): readonly string[] {
  if (type.model === undefined || knownEvent(type) !== undefined) return [];
  return [`No client in this process was given ${type.name}: is it among the events of eventBus()?`];
}
