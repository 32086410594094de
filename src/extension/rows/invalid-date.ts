/** What Prisma gives for a moment of which no `Date` can be made: infinity, years before Christ, years after 9999. */
export function isInvalidDate(value: unknown): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}
