import type { Types } from "@prisma/client/runtime/client";
import type { WriteOperation } from "../../models/operations.js";
import type { EventMetadata } from "../../registry/event.js";
import type { ModelEventType } from "../../registry/event-type.js";
import type { TypeMap } from "../../registry/prisma-type-map.js";
import type { AnEventOfThisModelFromTheOptionEvents } from "./event-bus-options.js";
import type { ArgumentsOf, WriteResult } from "./write-result.js";

// The methods of a model as Prisma's own types have them, with a few arguments more. They are declared only:
// at run time there is no model component, so that fluent calls and lazy promises stay Prisma's.
//
// A client's type is written out in the declarations of an application, and holds each method of each model, twice:
// with some hundred models a compiler gives up (TS7056). Prisma's `$extends` takes apart what an extension adds, down
// to the last property, except for what can be called. Hence `Unexpanded`: with it the methods of all models stay what
// they are, one type with a name and short arguments, the events' names instead of their types.
// Hence also `in out`: told that nothing is to be gained from it, the compiler does not compare methods part
// by part, which costs more than all the rest.

/**
 * Makes `$extends` keep what an extension adds to the models of a client by its name, see {@link WriteMethods}. It has
 * no properties; nothing of it exists at run time.
 */
export interface Unexpanded {
  (): never;
  // Prisma wants an object for each model, and the compiler sees none in what can be called.
  readonly [model: string]: Record<never, never>;
}

/** The write methods of every model of the type map; `Names` are the events' names by model. */
export type WriteMethods<TM extends TypeMap, Names> = {
  [Property in TM["meta"]["modelProps"]]: {
    [Op in WriteOperation]: () => WriteMethodOf<
      TM,
      ModelKey<TM, Property>,
      Op,
      NamesOf<Names, ModelKey<TM, Property>>
    >;
  };
};

type ModelKey<TM extends TypeMap, Property> = Property extends keyof TM["model"]
  ? Property & string
  : Capitalize<Property & string>;

type NamesOf<Names, Model> = Model extends keyof Names ? Names[Model] & string : never;

// Prisma's own way to see whether a method can be called without arguments.
type WriteMethodOf<TM extends TypeMap, Model extends string, Op extends WriteOperation, Name extends string> =
  Record<never, never> extends TM["model"][Model]["operations"][Op]["args"]
    ? BareWriteMethod<TM, Model, Op, Name>
    : WriteMethod<TM, Model, Op, Name>;

// `Exact` is for Prisma's arguments alone: it goes through whatever it is given, and metadata can be of any
// depth.

/** A write method of a model. `T` is Prisma's name for the type of the model's client. */
export type WriteMethod<
  in out TM extends TypeMap,
  in out Model extends string,
  in out Op extends WriteOperation,
  in out Name extends string,
> = <T, A extends ArgumentsOf<T, Op> & EventArgumentsOf<TM, Model, Op, Name>>(
  this: T,
  args: Types.Public.Exact<A, ArgumentsOf<T, Op>> & EventArgumentsOf<TM, Model, Op, Name>,
) => WriteResult<T, A, Op, TM["globalOmitOptions"]>;

/** A write method of a model that can be called without arguments. */
export type BareWriteMethod<
  in out TM extends TypeMap,
  in out Model extends string,
  in out Op extends WriteOperation,
  in out Name extends string,
> = <T, A extends ArgumentsOf<T, Op> & EventArgumentsOf<TM, Model, Op, Name>>(
  this: T,
  args?: Types.Public.Exact<A, ArgumentsOf<T, Op>> & EventArgumentsOf<TM, Model, Op, Name>,
) => WriteResult<T, A, Op, TM["globalOmitOptions"]>;

type EventArgumentsOf<TM extends TypeMap, Model extends string, Op, Name extends string> = Op extends "upsert"
  ? UpsertEventArguments<EventTypeOf<TM, Model, Name>>
  : EventArguments<EventTypeOf<TM, Model, Name>>;

type EventTypeOf<TM extends TypeMap, Model extends string, Name extends string> = Name extends string
  ? ModelEventType<Name, TM, Model>
  : never;

/** What a write method accepts beside Prisma's own arguments. None of it reaches Prisma's engine. */
export interface EventArguments<E> {
  /** The event to publish for each row, or several; beside those of the capture rules. */
  readonly event?:
    | E
    | AnEventOfThisModelFromTheOptionEvents
    | readonly (E | AnEventOfThisModelFromTheOptionEvents)[]
    | undefined;
  /** Metadata of every event of this call: who made the change, and why. */
  readonly eventMetadata?: EventMetadata | undefined;
}

/** What `upsert` accepts beside Prisma's own arguments. */
export interface UpsertEventArguments<E> extends EventArguments<E> {
  /** Publish nothing when the row was there and has been updated. Defaults to false. */
  readonly silentOnUpdate?: boolean | undefined;
}
