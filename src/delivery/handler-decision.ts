import { checkDelay, checkReason } from "../registry/check-outcome.js";
import { describeError } from "./describe-error.js";

/** An outcome that a handler asked for through its context. */
export type HandlerDecision =
  | { readonly kind: "cancel"; readonly reason: string }
  | { readonly kind: "snooze"; readonly dueMs: number }
  | { readonly kind: "retryAfter"; readonly dueMs: number; readonly cause: unknown };

/** The methods of a context that ask for an outcome. */
export interface OutcomeMethods {
  readonly cancel: (reason: string) => never;
  readonly snooze: (until: number | Date) => never;
  readonly retryAfter: (until: number | Date, cause?: unknown) => never;
}

/** Thrown to end a handler, however deep in it the method is called. */
class HandlerLeft extends Error {
  constructor(method: string, message: string) {
    super(message);
    this.name = method;
  }
}

/** The outcomes that a handler has asked for. */
export interface Decisions {
  readonly methods: OutcomeMethods;
  /** The last one. */
  last(): HandlerDecision | undefined;
}

/**
 * The outcome is also noted, not only thrown, because handlers and libraries may catch or wrap errors.
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
