import type { AnyEvent } from "../registry/event.js";
import type { AnyEventType } from "../registry/event-type.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { ExpectedEvent } from "./expected-event.js";
import type { LookOptions } from "./look.js";
import type { IdempotencyOptions } from "./to-be-idempotent.js";
import type { ExpectedDelivery } from "./to-have-delivered.js";

/** A step of {@link EventBusMatchers.toHavePublishedInOrder}: an event type, or an event type with the expected event. */
export type OrderedStep = AnyEventType | readonly [type: AnyEventType, expected: object];

/** A step whose expectation fits its event type. */
export type CheckedStep<Step> = Step extends readonly [infer T extends AnyEventType, unknown]
  ? readonly [type: T, expected: ExpectedEvent<T>]
  : Step;

/**
 * The matchers that `ex-event-bus/vitest` and `ex-event-bus/jest` add to `expect(client)` and `expect(subscriber)`. Await all of
 * them. `client` is a Prisma client, the client of a transaction, or a `pg` client or pool.
 */
export interface EventBusMatchers {
  /**
   * Passes if an event was published that has the expected values.
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
   * Passes if exactly this many events were published that have the expected values.
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
   * Passes if events were published in this order. Other events may come between them.
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
   * Passes if an event that has the expected values was delivered to a subscriber: its handler has returned.
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
   * Passes if delivering an event to the subscriber again changes nothing. The event is delivered once, a second time, and two
   * more times concurrently. From the first time on, `observe` must return the same value. Before, it must return another one.
   *
   * For a transactional subscriber, pass a published event whose delivery to the subscriber is still open.
   *
   * @example
   * ```ts
   * await expect(chargeCard).toBeIdempotent(fakeEvent(OrderPlaced), { prisma, observe: () => prisma.charge.findMany() });
   * ```
   */
  toBeIdempotent(event: AnyEvent, options: IdempotencyOptions): Promise<void>;
}
