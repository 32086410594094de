import { invalidOption, within } from "../registry/check-options.js";
import type { StoredEvent } from "../registry/event.js";
import type { AnyEventType } from "../registry/event-type.js";
import { publishedEvents } from "../testing/published-events.js";
import { checkEventType, checkExpected, compareEvent, type ExpectedEvent } from "./expected-event.js";
import { checkLook, look } from "./look.js";
import { type MatcherContext, type MatcherResult, verdict } from "./matcher.js";
import { checkClient } from "./received-client.js";
import {
  candidateLines,
  expectedLines,
  headline,
  message,
  nameEvent,
  nearestOf,
  othersLines,
} from "./report.js";

const NAME = "toHavePublishedInOrder";
const place = { of: `${NAME}()` };

interface Step {
  readonly type: AnyEventType;
  readonly expected: ExpectedEvent;
}

/** The matcher {@link EventBusMatchers.toHavePublishedInOrder}. */
export async function toHavePublishedInOrder(
  this: MatcherContext,
  received: unknown,
  sequence: unknown,
  options?: unknown,
): Promise<MatcherResult> {
  const client = checkClient(received, place.of);
  const steps = checkSteps(sequence);
  const how = checkLook(options, place);
  const types = [...new Set(steps.map(({ type }) => type.name))];
  const see = () => publishedEvents(client, { event: types, after: how.after }, how.database);
  const isThere = (events: readonly StoredEvent[]) => follow(steps, events).length === steps.length;
  const seen = await look(how.withinMs, see, isThere);
  const found = follow(steps, seen);
  return verdict(this, found.length === steps.length, async () => {
    const lines = steps.flatMap((step, index) => stepLines(step, found[index], this));
    const paragraphs = [
      [`${headline("in this order", how, this)}:`, ...lines],
      nearestLines(steps[found.length], found, seen, this),
      await othersLines(client, how, this.isNot === true ? found : []),
    ];
    return message(`${NAME}(${steps.length} events)`, this, ...paragraphs);
  });
}

function checkSteps(sequence: unknown): readonly Step[] {
  if (!Array.isArray(sequence) || sequence.length === 0) {
    throw invalidOption("events", sequence, "an array of event types, or of [event type, expected]", place);
  }
  return sequence.map((entry: unknown, index) => {
    const { path } = within(place, `events[${index}]`);
    const [given, expected, ...more]: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
    if (more.length > 0) throw invalidOption(path, entry, "an event type, or [event type, expected]", place);
    const type = checkEventType(given, path, place);
    return { type, expected: checkExpected(expected, path, place, type) };
  });
}

/** The events that match the steps, up to the first missing step. Each is the earliest match, so that no later match is lost. */
function follow(steps: readonly Step[], events: readonly StoredEvent[]): readonly StoredEvent[] {
  const found: StoredEvent[] = [];
  for (const event of events) {
    const step = steps[found.length];
    if (step !== undefined && fits(step, event)) found.push(event);
  }
  return found;
}

function fits({ type, expected }: Step, event: StoredEvent): boolean {
  return event.name === type.name && compareEvent(expected, event).every(({ matches }) => matches);
}

function stepLines(
  { type, expected }: Step,
  found: StoredEvent | undefined,
  context: MatcherContext,
): readonly string[] {
  const mark = found === undefined ? "✗" : " ";
  const which = found === undefined ? type.name : nameEvent(found);
  return [`  ${mark} ${which}`, ...expectedLines(expected, context).map((line) => `  ${line}`)];
}

/** Explains the first missing step: by an event that came too early, or by the nearest event after the step before. */
function nearestLines(
  step: Step | undefined,
  found: readonly StoredEvent[],
  events: readonly StoredEvent[],
  context: MatcherContext,
): readonly string[] {
  if (step === undefined) return [];
  const before = found.at(-1);
  const ofType = events.filter(({ name }) => name === step.type.name);
  const early = ofType.find((event) => fits(step, event));
  if (early !== undefined) return [`${nameEvent(early)} came too early, or was needed for a step before.`];
  const nearest = nearestOf(
    ofType
      .filter(({ position }) => before === undefined || position > before.position)
      .map((event) => ({ event, comparisons: compareEvent(step.expected, event) })),
  );
  if (nearest === undefined) return [];
  return [
    `The nearest to the first that is missing is ${nameEvent(nearest.event)}:`,
    ...candidateLines(nearest, context),
  ];
}
