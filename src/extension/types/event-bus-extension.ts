import type { Types } from "@prisma/client/runtime/client";
import type { EventMetadata, PublishResult } from "../../registry/event.js";
import type { AnyEventType, EventDraftOf } from "../../registry/event-type.js";
import type { TypeMap } from "../../registry/prisma-type-map.js";
import type { EventBusOptions, EventsOfModel, TypeMapOfEvents } from "./event-bus-options.js";
import type { Unexpanded, WriteMethods } from "./write-methods.js";

/** The function that makes the extension. */
export type EventBus = <const Events extends readonly AnyEventType[]>(
  options: EventBusOptions<Events>,
) => EventBusExtension<Events>;

/**
 * What `eventBus` returns, for `prisma.$extends`. It says which methods of the client are new or accept more;
 * what it does to a client at run time is more than that, and less: the models' own methods stay Prisma's.
 */
export type EventBusExtension<Events extends readonly AnyEventType[]> = (client: unknown) => {
  $extends: {
    extArgs: {
      result: Nothing;
      query: Nothing;
      model: ModelExtension<Events[number]>;
      client: ClientExtension<Events[number]>;
    };
  };
};

/** `{}`, which linters mistake for "anything". */
type Nothing = Record<never, never>;

type ModelExtension<E extends AnyEventType> = [TypeMapOfEvents<E>] extends [never]
  ? Nothing
  : TypeMapOfEvents<E> extends infer TM extends TypeMap
    ? WriteMethods<TM, NamesByModel<E>> & Unexpanded
    : Nothing;

type NamesByModel<E extends AnyEventType> = {
  [Model in NonNullable<E["model"]>]: EventsOfModel<E, Model>["name"];
};

/** The methods that the extension adds to a client, and to the clients of its interactive transactions. */
type ClientExtension<E extends AnyEventType> = {
  /**
   * Publishes events that no mutation led to: in the transaction of the client that it is called on, else in
   * one of its own. Like all of Prisma's promises it does nothing until it is awaited or given to
   * `$transaction([…])`.
   *
   * @throws EventBusError `UNKNOWN_EVENT` for an event that the extension was not given, `INVALID_AGGREGATE`
   * when an aggregate does not fit its schema, `EVENT_TOO_LARGE`, `VALUE_NOT_STORABLE`.
   *
   * @example
   * ```ts
   * await prisma.$publish(InvoiceDue({ invoiceId }, { aggregateKey: invoiceId }));
   * ```
   */
  $publish: () => Publish<E>;
  /**
   * Runs a function; every event that is made while it runs gets the metadata. Contexts can be nested, the
   * inner one wins key by key. Returns what the function returns.
   *
   * @example
   * ```ts
   * await prisma.$withEventMetadata({ actor: "admin" }, () => prisma.user.create({ data }));
   * ```
   */
  $withEventMetadata: () => WithEventMetadata;
  /**
   * Runs a function in which mutations lead to no events. For imports and seeds: no event of these changes is ever
   * published. `$publish` publishes all the same. Returns what the function returns.
   *
   * @example
   * ```ts
   * await prisma.$withoutEvents(() => prisma.user.createMany({ data: imported }));
   * ```
   */
  $withoutEvents: () => WithoutEvents;
};

/** `$publish` of a client that has the extension. */
export type Publish<E extends AnyEventType> = (
  events: EventDraftOf<E> | readonly EventDraftOf<E>[],
) => Types.Public.PrismaPromise<PublishResult>;

/** `$withEventMetadata` of a client that has the extension. */
export type WithEventMetadata = <T>(metadata: EventMetadata, fn: () => Promise<T> | T) => Promise<T>;

/** `$withoutEvents` of a client that has the extension. */
export type WithoutEvents = <T>(fn: () => Promise<T> | T) => Promise<T>;
