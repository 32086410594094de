import { inspect } from "node:util";

import type { Queryable } from "../outbox/executor.js";
import type { StoredEvent } from "../registry/event.js";
import { publishedEvents } from "../testing/published-events.js";
import type { Comparison } from "./compare.js";
import { compareEvent, type ExpectedEvent } from "./expected-event.js";
import type { Look } from "./look.js";
import type { MatcherContext } from "./matcher.js";

// What a failed matcher says. Every line is about one event, or one value of an event.

const LONGEST_VALUE = 300;
const MOST_EVENTS = 10;

/** An event held against what is expected. */
export interface Candidate {
  readonly event: StoredEvent;
  readonly comparisons: readonly Comparison[];
}

/** Whether everything that is expected is there. */
export function isMatch({ comparisons }: Candidate): boolean {
  return comparisons.every(({ matches }) => matches);
}

/** The candidate of which the fewest values differ; of several the latest. */
export function nearestOf(candidates: readonly Candidate[]): Candidate | undefined {
  const differing = ({ comparisons }: Candidate) => comparisons.filter(({ matches }) => !matches).length;
  let nearest: Candidate | undefined;
  for (const candidate of candidates) {
    if (nearest === undefined || differing(candidate) <= differing(nearest)) nearest = candidate;
  }
  return nearest;
}

/** `#12 UserRegistered (create User 3)` */
export function nameEvent({ position, name, operation, aggregateType, aggregateKey }: StoredEvent): string {
  const about = [operation, aggregateType, aggregateKey].filter((part) => part !== null);
  return `#${position} ${name} (${about.join(" ")})`;
}

/** The values that are expected, a line each. Empty when any event will do. */
export function expectedLines(expected: ExpectedEvent, context: MatcherContext): readonly string[] {
  // Everything fits itself: this is how the values are found.
  return compareEvent(expected, expected as StoredEvent).map(
    (one) => `    ${one.path}: ${showValue(one.expected, context)}`,
  );
}

/** An event and those of its values that were expected, the differing ones marked. */
export function candidateLines(candidate: Candidate, context: MatcherContext): readonly string[] {
  return candidate.comparisons.map(
    ({ matches, path, found }) => `  ${matches ? " " : "✗"} ${path}: ${showValue(found, context)}`,
  );
}

/** What was published besides, the latest last. */
export async function othersLines(
  client: Queryable,
  { after, database }: Look,
  known: readonly StoredEvent[],
): Promise<readonly string[]> {
  const shown = new Set(known.map(({ id }) => id));
  const limit = MOST_EVENTS + 1 + shown.size;
  const latest = await publishedEvents(client, { after, limit, last: true }, database);
  const others = latest.filter(({ id }) => !shown.has(id));
  if (others.length === 0) return [`Nothing ${shown.size > 0 ? "else " : ""}was published.`];
  const more = others.length > MOST_EVENTS ? [`    … and more before`] : [];
  const lines = others.slice(-MOST_EVENTS).map((event) => `    ${nameEvent(event)}`);
  return [`${shown.size > 0 ? "Also" : "What was"} published, the latest last:`, ...more, ...lines];
}

/** A value on one line, as the runner shows it. */
export function showValue(value: unknown, { utils }: MatcherContext): string {
  const text = utils?.stringify?.(value) ?? inspect(value, { breakLength: Infinity, depth: 5 });
  const line = text.replace(/\s*\n\s*/g, " ");
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line;
}

/** Paragraphs, with the call above them. */
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
