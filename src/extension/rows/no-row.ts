import type { Model } from "../../models/model.js";

/**
 * A condition that no row meets, also in an `AND` with others, where Prisma leaves out `{ OR: [] }`.
 *
 * @param key fields of a unique key.
 */
export function noRow({ scalars }: Model, [first = ""]: readonly string[]): object {
  const field = scalars.get(first);
  const both = (one: unknown, other: unknown) => ({ AND: [{ [first]: one }, { [first]: other }] });
  // Prisma has no list of values for every type.
  if (field?.isList === true) return both({ isEmpty: true }, { isEmpty: false });
  if (field?.type === "Boolean") return both(true, false);
  return field?.type === "Json" ? both({ equals: 0 }, { equals: 1 }) : { [first]: { in: [] } };
}
