import type { Types } from "@prisma/client/runtime/client";

// The one file of the registry that knows how Prisma's generated types are built. Nothing of it exists at run
// time, and it names no generated client: each user has their own. Everything here is computed only when it
// is looked at; a row type costs the compiler nothing until a field of it is read.

/** The description of a schema that Prisma generates: `Prisma.TypeMap`. */
export type TypeMap = Types.Extensions.TypeMapDef;

// biome-ignore lint/suspicious/noExplicitAny: the hook's other parameters are Prisma's own and of no interest here
type ClientOf<TM extends TypeMap> = { $extends: Types.Extensions.ExtendsHook<any, any, any, TM> };

/**
 * The type map of `C`, which is a client or a type map already. With the generator `prisma-client-js` and an
 * `output` of its own a client does not reveal it; `Prisma.TypeMap` works with every generator.
 */
export type TypeMapOf<C> =
  C extends ClientOf<infer TM>
    ? TM
    : C extends { readonly model: object }
      ? C extends TypeMap
        ? C
        : never
      : never;

/** The names of the models: `"User" | "Post"`. */
export type ModelNameOf<TM extends TypeMap> = keyof TM["model"] & string;

/** A row with all of its scalar fields: what Prisma returns without `select`, `include` and `omit`. */
export type RowOf<TM extends TypeMap, Model extends PropertyKey> = TM["model"][Model]["payload"]["scalars"];

/**
 * The fields that a mutation changed, with their new values; for nested writes the relations too, each with
 * what was changed in it: an object or null for one, an array for many. Null stands for a row that is gone.
 */
export type ChangesOf<TM extends TypeMap, Model extends PropertyKey> = Changes<TM["model"][Model]["payload"]>;

/** The same keys as the changes, with their old values; null where there was nothing before. */
export type InitialDataOf<TM extends TypeMap, Model extends PropertyKey> = InitialData<
  TM["model"][Model]["payload"]
>;

/** What Prisma knows of a model: its scalar fields and its relations. */
interface Payload {
  readonly scalars: object;
  readonly objects: object;
}

type Changes<P extends Payload> = { readonly [Field in keyof P["scalars"]]?: P["scalars"][Field] } & {
  readonly [Relation in keyof P["objects"]]?: RelationChanges<P["objects"][Relation]>;
};

type RelationChanges<R> = R extends readonly (infer Item extends Payload)[]
  ? readonly (Changes<Item> | null)[]
  : R extends Payload
    ? Changes<R> | null
    : null;

type InitialData<P extends Payload> = {
  readonly [Field in keyof P["scalars"]]?: P["scalars"][Field] | null;
} & {
  readonly [Relation in keyof P["objects"]]?: RelationInitialData<P["objects"][Relation]>;
};

type RelationInitialData<R> = R extends readonly (infer Item extends Payload)[]
  ? readonly InitialData<Item>[] | null
  : R extends Payload
    ? InitialData<R> | null
    : null;
