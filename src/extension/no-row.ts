/**
 * A condition that no row meets. `{ OR: [] }` alone is one too, but Prisma leaves it out where it stands in an `AND` with
 * others, and every row meets them that meets the others.
 *
 * @param key fields of a unique key.
 */
export function noRow([first = ""]: readonly string[]): Readonly<Record<string, unknown>> {
  return { [first]: { in: [] } };
}
