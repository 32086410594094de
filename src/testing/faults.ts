import type { Outcome } from "../delivery/outcome.js";
import { workerStopping } from "../delivery/run-handler.js";
import type { DueDelivery } from "../outbox/due-deliveries.js";
import { invalidOption } from "../registry/check-options.js";
import type { Subscriber } from "../registry/subscriber.js";

/** A fault that can happen to deliveries. For `faults` of `drain`. */
export interface Fault {
  readonly name: string;
  /** Starts the fault for one drain. Nothing is kept for the next drain. */
  readonly begin: () => FaultRun;
}

/** A fault during one drain. */
export interface FaultRun {
  /** The order in which due deliveries are made. */
  readonly arrange?: (due: readonly DueDelivery[]) => readonly DueDelivery[];
  /** Wraps the handler. */
  readonly wrap?: (subscriber: Subscriber) => Subscriber;
  /** How many times each delivery is made concurrently. Defaults to 1. */
  readonly copies?: number;
  /** Whether a delivery is made again in the same drain. */
  readonly again?: (outcome: Outcome) => boolean;
}

const KNOWN = Symbol.for("ex-event-bus.fault");

function fault(name: string, begin: () => FaultRun): Fault {
  return Object.freeze(Object.defineProperty({ name, begin }, KNOWN, { value: true }));
}

/** Whether a value is a fault of this file, from any copy of the package. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && Reflect.get(value, KNOWN) === true;
}

/**
 * The process dies after the handler has run and before its outcome is recorded. The delivery stays open, and the next `drain`
 * makes it again. The effects of a transactional subscriber are rolled back, as without a commit. The result counts the delivery
 * as `snoozed`: no attempt is used up.
 *
 * @example
 * ```ts
 * await drain({ prisma, subscribers: [chargeCard], faults: [crashAfterHandler] });
 * await drain({ prisma, subscribers: [chargeCard] });
 * expect(charges).toHaveLength(1);
 * ```
 */
export const crashAfterHandler: Fault = fault("crashAfterHandler", () => ({
  wrap: (subscriber) => losing(subscriber, () => true),
}));

/**
 * Every delivery is made twice, one after the other: the first time, the process dies before the outcome is recorded. The result
 * counts the first time as `snoozed`.
 */
export const deliverTwice: Fault = fault("deliverTwice", () => {
  const lost = new Set<string>();
  return {
    wrap: (subscriber) =>
      losing(subscriber, (deliveryId) => {
        const isFirst = !lost.has(deliveryId);
        lost.add(deliveryId);
        return isFirst;
      }),
    again: (outcome) => outcome.state === "snoozed" && isLost(outcome.thrown),
  };
});

/**
 * Every delivery is made twice concurrently, as if a worker that was taken for dead were alive. Needs a client that can run two
 * statements at once: not the client of a transaction.
 */
export const deliverConcurrently: Fault = fault("deliverConcurrently", () => ({ copies: 2 }));

/** Deliveries are made in the reverse order: the latest event first. */
export const reorder: Fault = fault("reorder", () => ({ arrange: (due) => due.toReversed() }));

/**
 * The first `attempts` attempts at every delivery fail before the handler is called. The subscriber's `backoff` determines when
 * the next attempts are due: set the option `at` of `drain`.
 *
 * @throws EventBusError `INVALID_OPTION` for anything but a whole number from 1.
 *
 * @example
 * ```ts
 * const inADay = new Date(Date.now() + 86_400_000);
 * await drain({ prisma, subscribers: [chargeCard], faults: [failFirst(2)], at: inADay });
 * expect(await deliveriesOf(prisma, chargeCard)).toMatchObject([{ state: "delivered", attempts: 3 }]);
 * ```
 */
export function failFirst(attempts: number): Fault {
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw invalidOption("attempts", attempts, "a whole number from 1", { of: "failFirst()" });
  }
  const fail = (attempt: number) => new Error(`failFirst(${attempts}): attempt ${attempt} fails`);
  return fault(`failFirst(${attempts})`, () => ({
    wrap: (subscriber) => ({
      ...subscriber,
      handle(event, ctx) {
        if (ctx.attempt <= attempts) throw fail(ctx.attempt);
        return subscriber.handle(event, ctx);
      },
    }),
  }));
}

const lostErrors = new WeakSet<object>();

function isLost(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && lostErrors.has(thrown);
}

/** Wraps the handler of a subscriber: it runs to its end, and then its process dies. */
function losing(subscriber: Subscriber, isToLose: (deliveryId: string) => boolean): Subscriber {
  return {
    ...subscriber,
    async handle(event, ctx) {
      const isLosing = isToLose(ctx.deliveryId);
      await subscriber.handle(event, ctx);
      if (!isLosing) return;
      // The error of a worker that must end while a handler runs: the delivery is due again at once.
      const lost = workerStopping(
        `The handler of "${subscriber.name}" has run, and the fault ends its process before the outcome is recorded.`,
      );
      lostErrors.add(lost);
      throw lost;
    },
  };
}
