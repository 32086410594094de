import type { Outcome } from "../delivery/outcome.js";
import { workerStopping } from "../delivery/run-handler.js";
import type { DueDelivery } from "../outbox/due-deliveries.js";
import { invalidOption } from "../registry/check-options.js";
import type { Subscriber } from "../registry/subscriber.js";

/** Something that can go wrong with deliveries. For `faults` of `drain`. */
export interface Fault {
  readonly name: string;
  /** Begins anew: what one drain did is forgotten in the next. */
  readonly begin: () => FaultRun;
}

/** A fault at work in one drain. */
export interface FaultRun {
  /** The order in which what is due is delivered. */
  readonly arrange?: (due: readonly DueDelivery[]) => readonly DueDelivery[];
  /** Stands between the delivery and the handler. */
  readonly wrap?: (subscriber: Subscriber) => Subscriber;
  /** How many make one delivery at the same time. Defaults to 1. */
  readonly copies?: number;
  /** Whether a delivery is made once more in the same drain. */
  readonly again?: (outcome: Outcome) => boolean;
}

const KNOWN = Symbol.for("ex-event-bus.fault");

function fault(name: string, begin: () => FaultRun): Fault {
  return Object.freeze(Object.defineProperty({ name, begin }, KNOWN, { value: true }));
}

/** Whether it is one of the faults of this file, of any copy of the package. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && Reflect.get(value, KNOWN) === true;
}

/**
 * The handler has run, and its process is gone before that is on record: the delivery stays, and is made again by the
 * next `drain`. Of a transactional subscriber the effects are gone too, as it is with a commit that never came. The
 * result counts it as `snoozed`: no attempt is used up.
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
 * Every delivery is made twice, one after the other: after the first time its process is gone, before that is on
 * record. The result counts the first as `snoozed`.
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
 * Every delivery is made by two at the same time, as when a worker that was given up is alive after all. Needs a client
 * that can run two statements at once: not that of a transaction.
 */
export const deliverConcurrently: Fault = fault("deliverConcurrently", () => ({ copies: 2 }));

/** Deliveries are made in the reverse order: the latest event first. */
export const reorder: Fault = fault("reorder", () => ({ arrange: (due) => due.toReversed() }));

/**
 * The first `attempts` attempts of every delivery fail before the handler is called. Later ones are due when the
 * subscriber's `backoff` says: give `drain` a time with `at`.
 *
 * @throws EventBusError `INVALID_OPTION` for anything but a whole number from 1.
 *
 * @example
 * ```ts
 * const inADay = new Date(Date.now() + 86_400_000);
 * await drain({ prisma, subscribers: [chargeCard], faults: [failFirst(2)], at: inADay });
 * expect(await deliveries(prisma, chargeCard)).toMatchObject([{ state: "delivered", attempts: 3 }]);
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

/** Its handler runs to its end, and then nobody hears of it. */
function losing(subscriber: Subscriber, isToLose: (deliveryId: string) => boolean): Subscriber {
  return {
    ...subscriber,
    async handle(event, ctx) {
      const isLosing = isToLose(ctx.deliveryId);
      await subscriber.handle(event, ctx);
      if (!isLosing) return;
      // What a worker throws that has to end in the middle of a handler: others take the delivery up again, at once.
      const lost = workerStopping(
        `The handler of "${subscriber.name}" has run, and the test has its process end before that is on record.`,
      );
      lostErrors.add(lost);
      throw lost;
    },
  };
}
