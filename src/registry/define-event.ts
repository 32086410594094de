import { checkInteger, checkName, checkOptions, describe, invalidOption, isObject } from "./check-options.js";
import { draftEvent, eventTypeBrand } from "./draft-event.js";
import type { AnyEventType, EventDraft, ModelEventType, SchemaEventType } from "./event-type.js";
import type { ModelNameOf, TypeMap, TypeMapOf } from "./prisma-type-map.js";
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from "./standard-schema.js";

/** How an event of a Prisma model is defined. */
export interface ModelEventOptions<Model extends string> {
  /** The model whose rows are the aggregates. */
  readonly model: Model;
  /** Version of the event's shape, 1 to 2147483647. Defaults to 1. */
  readonly version?: number | undefined;
}

/** How an event without a model is defined. */
export interface SchemaEventOptions<S extends StandardSchemaV1 = StandardSchemaV1> {
  /** Validates the aggregate when the event is published; what it returns is stored. Any Standard Schema. */
  readonly schema: S;
  /** Version of the event's shape, 1 to 2147483647. Defaults to 1. */
  readonly version?: number | undefined;
  /** What kind of thing the event is about, up to 200 characters. Defaults to none. */
  readonly aggregateType?: string | undefined;
}

/** `defineEvent` for the models of one Prisma schema. */
export interface DefineEvent<C> {
  <const Name extends string, S extends StandardSchemaV1>(
    name: Name,
    options: SchemaEventOptions<S>,
  ): SchemaEventType<Name, SchemaInput<S>, SchemaOutput<S>>;
  // Last, because a compiler explains why the last one does not fit, and models are what most events have.
  <const Name extends string, const Model extends ModelName<TypeMapOf<C>>>(
    name: Name,
    options: ModelEventOptions<Model>,
  ): ModelEventType<Name, TypeMapOf<C>, Model>;
}

/** Where the type argument says nothing of models, the compiler's message says what would. */
type ModelName<TM extends TypeMap> = [TM] extends [never]
  ? "eventsFor needs Prisma.TypeMap as its type argument"
  : ModelNameOf<TM>;

/**
 * Defines an event that is published by hand, with a schema for its aggregate.
 *
 * The result is a function that makes drafts: `InvoiceDue({ invoiceId }, { aggregateKey: invoiceId })`. A draft is
 * published with `$publish`; its aggregate is validated then, and what the schema returns is stored. Names
 * are compared, never identities: two events of one application cannot have one name.
 *
 * @param name 1 to 200 printable characters, unique in the application.
 * @throws EventBusError `INVALID_OPTION` when the name or an option is not valid.
 *
 * @example
 * ```ts
 * export const InvoiceDue = defineEvent("InvoiceDue", { schema: z.object({ invoiceId: z.string() }) });
 * ```
 */
export function defineEvent<const Name extends string, S extends StandardSchemaV1>(
  name: Name,
  options: SchemaEventOptions<S>,
): SchemaEventType<Name, SchemaInput<S>, SchemaOutput<S>> {
  return makeEventType(name, options, "schema") as SchemaEventType<Name, SchemaInput<S>, SchemaOutput<S>>;
}

/**
 * `defineEvent` for the models of one Prisma schema. The type argument is `Prisma.TypeMap`, or the type of a
 * client where the compiler can see its models in it (the generator `prisma-client`). The models' types
 * travel in the events; nothing else needs the type argument.
 *
 * For a client with a global `omit` give the type of that client, before it is extended, or
 * `Prisma.TypeMap<any, { user: { name: true } }>`: otherwise writes that include relations seem to return
 * fields of those relations that are not there. Give no client that computes fields with a `result`
 * extension: events hold stored fields.
 *
 * @example
 * ```ts
 * import type { Prisma } from "./generated/prisma/client";
 *
 * const { defineEvent } = eventsFor<Prisma.TypeMap>();
 * export const UserRegistered = defineEvent("UserRegistered", { model: "User" });
 * ```
 */
export function eventsFor<C>(): { readonly defineEvent: DefineEvent<C> } {
  const define = (name: unknown, options: unknown): AnyEventType => {
    return makeEventType(name, options, isObject(options) && "model" in options ? "model" : "schema");
  };
  return { defineEvent: define as DefineEvent<C> };
}

const knownOptions = { model: ["model", "version"], schema: ["schema", "version", "aggregateType"] };

function makeEventType(name: unknown, options: unknown, kind: "model" | "schema"): AnyEventType {
  checkName(name, "name", 200, { of: "defineEvent()" });
  const place = { of: `defineEvent(${describe(name)})` };
  const given = checkOptions(options, knownOptions[kind], place);
  const version = checkInteger(given, "version", { min: 1, max: 2_147_483_647, defaultsTo: 1 }, place);
  const { schema, model } = given;
  if (kind === "model") checkName(model, "model", 200, place);
  else if (!isStandardSchema(schema)) throw invalidOption("schema", schema, "a Standard Schema", place);
  const own = given["aggregateType"];
  const aggregateType = own === undefined ? (model ?? null) : checkName(own, "aggregateType", 200, place);

  // A function, because Prisma clones the arguments of its methods: of objects it keeps neither identity nor
  // prototype, functions it leaves alone.
  const make = (aggregate: unknown, draftOptions?: unknown): EventDraft =>
    draftEvent(type, aggregate, draftOptions);
  const type: AnyEventType = defineConstants(make, {
    name,
    version,
    model,
    schema,
    aggregateType,
    [eventTypeBrand]: true,
  });
  return type;
}

/** A function's `name` cannot be assigned, only defined. */
function defineConstants(
  make: (aggregate: unknown, options?: unknown) => EventDraft,
  constants: object,
): AnyEventType {
  for (const key of Reflect.ownKeys(constants)) {
    Object.defineProperty(make, key, {
      value: Reflect.get(constants, key),
      enumerable: typeof key === "string",
    });
  }
  return Object.freeze(make) as unknown as AnyEventType;
}

/** Schemas of some libraries are functions. */
function isStandardSchema(value: unknown): value is StandardSchemaV1 {
  if (!(isObject(value) || typeof value === "function")) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return isObject(standard) && typeof standard["validate"] === "function";
}
