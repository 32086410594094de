import type { Types } from "@prisma/client/runtime/client";
import type { OneRowOperation, WriteOperation } from "../../models/operations.js";

// What Prisma's own types say that a write returns. The model's client `T` is where Prisma keeps what other
// extensions add to a model; the global `omit` is nowhere but in the type map.

/** Prisma's arguments. */
export type ArgumentsOf<T, Op extends WriteOperation> = Types.Public.Args<T, Op>;

/** Prisma's promise; `G` is the global `omit` of the type map. */
export type WriteResult<T, A, Op extends WriteOperation, G> = Op extends OneRowOperation
  ? FluentCalls<ArgumentsOf<T, Op>["select"], Types.Public.Payload<T>, Op, GlobalOmit<T, G>> &
      Types.Public.PrismaPromise<RowsOf<T, A, Op, G>>
  : Types.Public.PrismaPromise<RowsOf<T, A, Op, G>>;

type RowsOf<T, A, Op extends WriteOperation, G> = Types.Result.GetResult<
  Types.Public.Payload<T>,
  A,
  Op,
  GlobalOmit<T, G>
>;

// The global `omit` of the type map, and the fields of this model that the client's reads leave out by
// themselves: a type map that says nothing of it must not make fields appear that are not there. Relations
// have only the former.
type GlobalOmit<T, G> = [OmittedField<T>] extends [never]
  ? G
  : G & { omit: { [_ in Uncapitalize<Types.Public.Payload<T>["name"]>]: { [_ in OmittedField<T>]: true } } };

type OmittedField<T> = Exclude<keyof Types.Public.Payload<T>["scalars"], keyof DefaultRow<T>>;

type DefaultRow<T> = T extends {
  findFirstOrThrow: (...args: never) => Types.Public.PrismaPromise<infer Row>;
}
  ? Row
  : Types.Public.Payload<T>["scalars"];

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
