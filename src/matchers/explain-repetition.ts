import type { AnyEvent, StoredEvent } from "../registry/event.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { ValueChange } from "./differences.js";
import type { MatcherContext } from "./matcher.js";
import { cutShort, nameEvent } from "./report.js";
import { showError, showValue } from "./show-value.js";

/** The result of a repeated delivery. */
export interface Repetition {
  readonly how: string;
  readonly changes: readonly ValueChange[];
  /** The error that the handler threw, if it did. */
  readonly thrown?: { readonly value: unknown };
}

/**
 * The message of a `toBeIdempotent` that fails.
 *
 * @param faulty the repetition that had an effect; undefined if none had.
 */
export function explainRepetition(
  context: MatcherContext,
  subscriber: Subscriber,
  event: AnyEvent,
  faulty: Repetition | undefined,
): string {
  const heading = `expect(subscriber)${context.isNot === true ? ".not" : ""}.toBeIdempotent(${event.name})`;
  const which = "position" in event ? nameEvent(event as StoredEvent) : event.name;
  if (faulty === undefined) {
    return `${heading}\n\nDelivering ${which} again changed nothing of what "${subscriber.name}" had done.`;
  }
  const { how, changes, thrown } = faulty;
  const lines =
    thrown === undefined
      ? [
          `"${subscriber.name}" did more when ${which} was delivered ${how}. What observe() returns:`,
          ...cutShort(changes.map((change) => changeLine(change, context))),
        ]
      : [
          `"${subscriber.name}" failed when ${which} was delivered ${how}, and would be tried again until it is dead:`,
          `    ${thrown.value instanceof Error ? showError(thrown.value) : showValue(thrown.value, context)}`,
        ];
  return [heading, "", ...lines].join("\n");
}

function changeLine({ path, before, after }: ValueChange, context: MatcherContext): string {
  const where = path === "" ? "" : `${path}: `;
  const [was, is] = [before, after].map((value) =>
    value === undefined ? "nothing" : showValue(value, context),
  );
  return `  ✗ ${where}${was} after the first time, now ${is}`;
}
