import type { AnyEvent } from "../registry/event.js";
import type { AnyEventType } from "../registry/event-type.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { ExpectedEvent } from "./expected-event.js";
import type { LookOptions } from "./look.js";
import type { IdempotencyOptions } from "./to-be-idempotent.js";
import type { ExpectedDelivery } from "./to-have-delivered.js";

/** A step of {@link EventBusMatchers.toHavePublishedInOrder}: an event type, or with what is expected of the event. */
export type OrderedStep = AnyEventType | readonly [type: AnyEventType, expected: object];

/** A step of which the expectation fits the event type. */
export type CheckedStep<Step> = Step extends readonly [infer T extends AnyEventType, unknown]
  ? readonly [type: T, expected: ExpectedEvent<T>]
  : Step;

/**
 * What `expect(client)` and `expect(subscriber)` have more with `ex-event-bus/vitest` or `ex-event-bus/jest`. All of
 * them are awaited. `client` is a Prisma client, the client of a transaction, or a `pg` client or pool.
 */
export interface EventBusMatchers {
  /**
   * An event was published that has at least what is expected.
   *
   * @example
   * ```ts
   * await expect(prisma).toHavePublished(UserRegistered, { aggregate: { email: "ada@example.com" } });
   * ```
   */
  toHavePublished<T extends AnyEventType>(
    type: T,
    expected?: ExpectedEvent<T>,
    options?: LookOptions,
  ): Promise<void>;
  /**
   * So many events were published that have at least what is expected: neither fewer nor more.
   *
   * @example
   * ```ts
   * await expect(prisma).toHavePublishedTimes(UserRegistered, 2);
   * ```
   */
  toHavePublishedTimes<T extends AnyEventType>(
    type: T,
    times: number,
    expected?: ExpectedEvent<T>,
    options?: LookOptions,
  ): Promise<void>;
  /**
   * Events were published in this order; others may have come between them.
   *
   * @example
   * ```ts
   * await expect(prisma).toHavePublishedInOrder([UserRegistered, [UserChanged, { changes: { name: "Ada" } }]]);
   * ```
   */
  toHavePublishedInOrder<const Steps extends readonly OrderedStep[]>(
    steps: Steps & { readonly [Index in keyof Steps]: CheckedStep<Steps[Index]> },
    options?: LookOptions,
  ): Promise<void>;
  /**
   * An event that has at least what is expected was delivered to a subscriber: its handler returned.
   *
   * @example
   * ```ts
   * await expect(prisma).toHaveDelivered(sendWelcome, { aggregate: { email: "ada@example.com" } }, { withinMs: 5000 });
   * ```
   */
  toHaveDelivered<Events extends readonly AnyEventType[], T extends Events[number] = Events[number]>(
    subscriber: Subscriber<string, Events>,
    expected?: ExpectedDelivery<T>,
    options?: LookOptions,
  ): Promise<void>;
  /**
   * Delivering an event to the subscriber again changes nothing. The event is delivered once, a second time, and two more
   * times at the same time; `observe` must return the same from the first time on. What it returned before must differ.
   *
   * A transactional subscriber is given an event that was published, and of which its delivery is still to be made.
   *
   * @example
   * ```ts
   * await expect(chargeCard).toBeIdempotent(fakeEvent(OrderPlaced), { prisma, observe: () => prisma.charge.findMany() });
   * ```
   */
  toBeIdempotent(event: AnyEvent, options: IdempotencyOptions): Promise<void>;
}
