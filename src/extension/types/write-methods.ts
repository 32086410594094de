import type { Types } from "@prisma/client/runtime/client";
import type { EventMetadata } from "../../registry/event.js";
import type { AnyEventType } from "../../registry/event-type.js";
import type { TypeMap } from "../../registry/prisma-type-map.js";
import type { EventsOfModel } from "./event-bus-options.js";

// The methods of a model as Prisma's own types have them, with a few arguments more. They are declared only: at run
// time there is no model component, so that fluent calls and lazy promises stay Prisma's. `T`, the type of `this`, is
// where Prisma keeps what later extensions add to a model; the global `omit` is nowhere but in the type map.

/** The operations that accept an event. */
export type WriteOperation = FluentOperation | ManyOperation;

type FluentOperation = "create" | "update" | "upsert" | "delete";
type ManyOperation =
  | "createMany"
  | "createManyAndReturn"
  | "updateMany"
  | "updateManyAndReturn"
  | "deleteMany";

/** The write methods of every model of the type map. */
export type WriteMethods<TM extends TypeMap, E extends AnyEventType> = {
  [Property in TM["meta"]["modelProps"]]: {
    [Op in WriteOperation]: () => WriteMethod<
      TM["globalOmitOptions"],
      Op,
      TM["model"][ModelKey<TM, Property>]["operations"][Op]["args"],
      EventArgumentsOf<Op, EventsOfModel<E, ModelKey<TM, Property>>>
    >;
  };
};

type ModelKey<TM extends TypeMap, Property> = Property extends keyof TM["model"]
  ? Property
  : Capitalize<Property & string>;

/** What a write method accepts beside Prisma's own arguments. None of it reaches Prisma's engine. */
export interface EventArguments<E extends AnyEventType> {
  /** The event to publish for each row, or several; beside those of the capture rules. */
  readonly event?: E | readonly E[] | undefined;
  /** Who and why, for every event of this call. */
  readonly eventMetadata?: EventMetadata | undefined;
}

/** What `upsert` accepts beside Prisma's own arguments. */
export interface UpsertEventArguments<E extends AnyEventType> extends EventArguments<E> {
  /** Publish nothing when the row was there and has been updated. Defaults to false. */
  readonly silentOnUpdate?: boolean | undefined;
}

type EventArgumentsOf<Op, E extends AnyEventType> = Op extends "upsert"
  ? UpsertEventArguments<E>
  : EventArguments<E>;

// Prisma's own way to see whether a method can be called without arguments.
type WriteMethod<G, Op extends WriteOperation, Own, Extra> =
  Record<never, never> extends Own
    ? <T, A extends Types.Public.Args<T, Op> & Extra>(
        this: T,
        args?: Types.Public.Exact<A, Types.Public.Args<T, Op> & Extra>,
      ) => WriteResult<T, A, Op, G>
    : <T, A extends Types.Public.Args<T, Op> & Extra>(
        this: T,
        args: Types.Public.Exact<A, Types.Public.Args<T, Op> & Extra>,
      ) => WriteResult<T, A, Op, G>;

type WriteResult<T, A, Op extends WriteOperation, G> = Op extends FluentOperation
  ? FluentCalls<Types.Public.Args<T, Op>["select"], Types.Public.Payload<T>, Op, G> &
      Types.Public.PrismaPromise<Types.Result.GetResult<Types.Public.Payload<T>, A, Op, G>>
  : Types.Public.PrismaPromise<Types.Result.GetResult<Types.Public.Payload<T>, A, Op, G>>;

type FluentCalls<Select, P extends Types.Payload, Op extends WriteOperation, G, Null = never> = {
  [Relation in keyof P["objects"]]: <A>(
    args?: Types.Public.Exact<A, Types.Utils.Path<Select, [Relation]>>,
  ) => Types.Public.PrismaPromise<
    Types.Utils.Path<Types.Result.GetResult<P, { select: { [_ in Relation]: A } }, Op, G>, [Relation]> | Null
  > &
    FurtherCalls<Types.Utils.Path<Select, [Relation]>, P["objects"][Relation], Op, G, Null>;
};

type FurtherCalls<Select, Related, Op extends WriteOperation, G, Null> =
  NonNullable<Related> extends infer P extends Types.Payload
    ? FluentCalls<Types.Utils.Path<Select, ["select"]>, P, Op, G, Null | Extract<Related, null>>
    : unknown;
