import { checkDelay, checkReason } from "../registry/check-outcome.js";
import { describeError } from "./describe-error.js";

/** What a handler asked for by a method of its context. */
export type HandlerDecision =
  | { readonly kind: "cancel"; readonly reason: string }
  | { readonly kind: "snooze"; readonly dueMs: number }
  | { readonly kind: "retryAfter"; readonly dueMs: number; readonly cause: unknown };

/** The methods of a context by which a handler asks for an outcome. */
export interface OutcomeMethods {
  readonly cancel: (reason: string) => never;
  readonly snooze: (until: number | Date) => never;
  readonly retryAfter: (until: number | Date, cause?: unknown) => never;
}

/** Ends a handler, however deep in it the method is called. */
class HandlerLeft extends Error {
  constructor(method: string, message: string) {
    super(message);
    this.name = method;
  }
}

/** What a handler has asked for so far. */
export interface Decisions {
  readonly methods: OutcomeMethods;
  /** What it asked for last. */
  last(): HandlerDecision | undefined;
}

/**
 * The outcome that is asked for is noted, not only thrown: handlers and libraries catch errors, wrap them, or go on.
 */
export function decisions(): Decisions {
  let last: HandlerDecision | undefined;
  const leave = (decision: HandlerDecision, thrown: Error): never => {
    last = decision;
    throw thrown;
  };
  return {
    last: () => last,
    methods: {
      cancel: (given) => {
        const reason = describeError(checkReason(given)).message;
        return leave({ kind: "cancel", reason }, new HandlerLeft("Cancelled", reason));
      },
      snooze: (until) => {
        const dueMs = checkDelay(until, "ctx.snooze()");
        return leave({ kind: "snooze", dueMs }, new HandlerLeft("Snoozed", `for ${dueMs} ms`));
      },
      retryAfter: (until, cause) => {
        const dueMs = checkDelay(until, "ctx.retryAfter()");
        const thrown = new HandlerLeft("RetryAfter", `the handler asked for another attempt in ${dueMs} ms`);
        return leave({ kind: "retryAfter", dueMs, cause: cause ?? thrown }, thrown);
      },
    },
  };
}
