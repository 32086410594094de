import { withCause } from "../context/event-context.js";
import { EventBusError } from "../errors.js";
import type { AnyEvent } from "../registry/event.js";
import { inspectable } from "./describe-error.js";
import { onAbort } from "./on-abort.js";

/** When a handler is told to end, and when it is abandoned. */
export interface HandlerLimits {
  readonly subscriber: string;
  readonly timeoutMs: number;
  /** Aborted when the worker stops and the handler's time to end is over. */
  readonly shutdown: AbortSignal;
  /** How long a handler has to end after the shutdown's abort. */
  readonly graceMs: number;
}

/**
 * Runs a handler. Events that it publishes have `event` as their cause. `start` gets the object that tells the handler to end.
 *
 * A handler that does not end when told to is abandoned: it goes on, but nothing waits for it, and its errors are ignored.
 *
 * @throws the error of the handler; EventBusError `HANDLER_TIMEOUT` or `WORKER_STOPPING` if it was told to end, whatever it threw
 * then.
 */
export function runHandler(
  event: AnyEvent,
  start: (told: ToldToEnd) => unknown,
  { shutdown, timeoutMs, graceMs, subscriber }: HandlerLimits,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (shutdown.aborted) return reject(stopping(subscriber));
    let graceTimer: NodeJS.Timeout | undefined;
    const told = toldToEnd();
    const timer = setTimeout(() => {
      const reason = timedOut(subscriber, timeoutMs);
      end(() => reject(reason));
      told.tell(reason);
    }, timeoutMs);
    const onShutdown = () => {
      const reason = stopping(subscriber);
      told.tell(reason);
      graceTimer = setTimeout(() => end(() => reject(reason)), graceMs);
    };
    const end = (settle: () => void) => {
      clearTimeout(timer);
      clearTimeout(graceTimer);
      forget();
      settle();
    };
    const forget = onAbort(shutdown, onShutdown);
    // If the handler was abandoned before, this has no effect.
    withCause(event, () => start(told)).then(
      () => end(() => resolve()),
      (error) => end(() => reject(told.reason() ?? inspectable(error))),
    );
  });
}

/** Tells a handler to end. The signal is made when the handler reads it, which most never do. */
export interface ToldToEnd {
  readonly signal: AbortSignal;
}

function toldToEnd() {
  let controller: AbortController | undefined;
  let reason: EventBusError | undefined;
  return {
    get signal(): AbortSignal {
      if (controller === undefined) {
        controller = new AbortController();
        if (reason !== undefined) controller.abort(reason);
      }
      return controller.signal;
    },
    reason: () => reason,
    tell(why: EventBusError) {
      reason ??= why;
      controller?.abort(reason);
    },
  };
}

function timedOut(subscriber: string, timeoutMs: number): EventBusError {
  return new EventBusError(
    "HANDLER_TIMEOUT",
    `The handler of "${subscriber}" did not end within ${timeoutMs} ms. Raise its timeoutMs, or make it end when ` +
      "ctx.signal is aborted.",
    { value: timeoutMs },
  );
}

/** Recognizes its own errors by identity: a handler can throw an error with the same code, for example from its own worker. */
const stoppings = new WeakSet<EventBusError>();

/** The error of a handler that another worker runs again at once, without using up an attempt. */
export function workerStopping(message: string): EventBusError {
  const error = new EventBusError("WORKER_STOPPING", message);
  stoppings.add(error);
  return error;
}

/** Whether an error is one of those. */
export function isStopping(thrown: unknown): boolean {
  return stoppings.has(thrown as EventBusError);
}

function stopping(subscriber: string): EventBusError {
  return workerStopping(
    `The worker stops and the handler of "${subscriber}" did not end in time: another worker runs it again.`,
  );
}
