import { withCause } from "../context/event-context.js";
import { EventBusError } from "../errors.js";
import type { AnyEvent } from "../registry/event.js";

/** When a handler is told to end, and when it is given up. */
export interface HandlerLimits {
  readonly subscriber: string;
  readonly timeoutMs: number;
  /** Aborted when the worker stops and the handler's time to end is over. */
  readonly shutdown: AbortSignal;
  /** How long a handler has to end after the shutdown's abort. */
  readonly graceMs: number;
}

/**
 * Runs a handler, with what it publishes naming `event` as the cause. `start` gets the signal that tells the
 * handler to end.
 *
 * A handler that does not end when it is told to is left behind: it runs on, but nobody waits for it, and what it
 * throws then is ignored.
 *
 * @throws what the handler throws; EventBusError `HANDLER_TIMEOUT` or `WORKER_STOPPING` when it was told to end,
 * whatever it threw because of that.
 */
export async function runHandler(
  event: AnyEvent,
  start: (signal: AbortSignal) => unknown,
  limits: HandlerLimits,
): Promise<void> {
  const { shutdown, timeoutMs, graceMs, subscriber } = limits;
  const controller = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  let onShutdown = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    timers.push(
      setTimeout(() => {
        const reason = timedOut(subscriber, timeoutMs);
        reject(reason);
        controller.abort(reason);
      }, timeoutMs),
    );
    onShutdown = () => {
      const reason = stopping(subscriber);
      controller.abort(reason);
      timers.push(setTimeout(() => reject(reason), graceMs));
    };
  });
  // It may lose the race below, or never enter it.
  givenUp.catch(() => undefined);
  if (shutdown.aborted) throw stopping(subscriber);
  shutdown.addEventListener("abort", onShutdown, { once: true });
  try {
    await Promise.race([withCause(event, () => start(controller.signal)), givenUp]);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    shutdown.removeEventListener("abort", onShutdown);
  }
}

function timedOut(subscriber: string, timeoutMs: number): EventBusError {
  return new EventBusError(
    "HANDLER_TIMEOUT",
    `The handler of "${subscriber}" did not end within ${timeoutMs} ms. Raise its timeoutMs, or make it end when ` +
      "ctx.signal is aborted.",
    { value: timeoutMs },
  );
}

function stopping(subscriber: string): EventBusError {
  return new EventBusError(
    "WORKER_STOPPING",
    `The worker stops and the handler of "${subscriber}" did not end in time: another worker runs it again.`,
  );
}
