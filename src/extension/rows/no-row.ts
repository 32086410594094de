import type { Model } from "../../models/model.js";

/**
 * A condition that no row meets. `{ OR: [] }` alone is one too, but Prisma leaves it out where it stands in an `AND` with
 * others, and every row meets them that meets the others.
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
