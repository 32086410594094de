import type { Queryable } from "../outbox/executor.js";
import type { StoredEvent } from "../registry/event.js";
import { publishedEvents } from "../testing/published-events.js";
import type { Comparison } from "./compare.js";
import { compareEvent, type ExpectedEvent } from "./expected-event.js";
import type { Look } from "./look.js";
import type { MatcherContext } from "./matcher.js";
import { showValue } from "./show-value.js";

// The messages of failed matchers. Every line is about one event, or one value of an event.

const MOST_EVENTS = 10;
const MOST_LINES = 40;

/** An event, compared with the expectation. */
export interface Candidate {
  readonly event: StoredEvent;
  readonly comparisons: readonly Comparison[];
}

/** Whether the event has all expected values. */
export function isMatch({ comparisons }: Candidate): boolean {
  return comparisons.every(({ matches }) => matches);
}

/** The candidate with the most expected values; of several, the latest. */
export function nearestOf(candidates: readonly Candidate[]): Candidate | undefined {
  // Matching values count, not differences: a missing list is one difference, however many values are expected in it.
  const matching = ({ comparisons }: Candidate) => comparisons.filter(({ matches }) => matches).length;
  let nearest: Candidate | undefined;
  for (const candidate of candidates) {
    if (nearest === undefined || matching(candidate) >= matching(nearest)) nearest = candidate;
  }
  return nearest;
}

/** `#12 UserRegistered (create User 3)` */
export function nameEvent({ position, name, operation, aggregateType, aggregateKey }: StoredEvent): string {
  const about = [operation, aggregateType, aggregateKey].filter((part) => part !== null);
  return `#${position} ${name} (${about.join(" ")})`;
}

/** The expected values, one per line. Empty if any event will do. */
export function expectedLines(expected: ExpectedEvent, context: MatcherContext): readonly string[] {
  // Comparing the expectation with itself lists its values.
  return cutShort(
    compareEvent(expected, expected as StoredEvent).map(
      (one) => `    ${one.path}: ${showValue(one.expected, context)}`,
    ),
  );
}

/** The expectation, with the time and the positions searched: `Expected not an event UserRegistered within 500 ms` */
export function headline(what: string, { withinMs, after }: Look, { isNot }: MatcherContext): string {
  const within = withinMs === 0 ? "" : ` within ${withinMs} ms`;
  const place = after === 0 ? "" : ` (after position ${after})`;
  return `Expected ${isNot === true ? "not " : ""}${what}${within}${place}`;
}

/** The values of an event that were expected; the differing ones are marked. */
export function candidateLines({ comparisons }: Candidate, context: MatcherContext): readonly string[] {
  // If there are too many values, only the differing ones are shown.
  const shown = comparisons.length > MOST_LINES ? comparisons.filter(({ matches }) => !matches) : comparisons;
  return cutShort(
    shown.map(({ matches, path, found }) => `  ${matches ? " " : "✗"} ${path}: ${showValue(found, context)}`),
  );
}

/** At most this many lines, and the number of lines left out. */
export function cutShort(lines: readonly string[], most = MOST_LINES): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `    … and ${lines.length - most} more`];
}

/** The other events that were published, the latest last. */
export async function othersLines(
  client: Queryable,
  { after, database }: Look,
  known: readonly StoredEvent[],
): Promise<readonly string[]> {
  const shown = new Set(known.map(({ id }) => id));
  const limit = MOST_EVENTS + 1 + shown.size;
  const latest = await publishedEvents(client, { after, limit, last: true }, database);
  const others = latest.filter(({ id }) => !shown.has(id));
  const since = after === 0 ? "" : ` after position ${after}`;
  if (others.length === 0) return [`Nothing ${shown.size > 0 ? "else " : ""}was published${since}.`];
  const more = others.length > MOST_EVENTS ? [`    … and more before`] : [];
  const lines = others.slice(-MOST_EVENTS).map((event) => `    ${nameEvent(event)}`);
  return [`${shown.size > 0 ? "Also" : "What was"} published${since}, the latest last:`, ...more, ...lines];
}

/** Paragraphs under the call of the matcher. */
export function message(
  call: string,
  { isNot }: MatcherContext,
  ...paragraphs: readonly (readonly string[])[]
): string {
  const heading = [`expect(client)${isNot === true ? ".not" : ""}.${call}`];
  return [heading, ...paragraphs]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}
