/**
 * The transaction has to run again: another transaction wrote a row between our reading and our writing, so that its
 * old values are not known.
 */
export class LostRace {}

/**
 * The query has to run again: it asked for fields that Prisma cannot read and its caller does not want. Nothing was
 * sent.
 */
export class UnreadableFieldsAsked extends Error {}

/** Runs a query, and once more where it asked for unreadable fields. */
export async function askedAgain<T>(query: () => PromiseLike<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (error instanceof UnreadableFieldsAsked) return query();
    throw error;
  }
}
