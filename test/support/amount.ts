/** Somebody has said how much properties try: `npm run test:properties`. */
export const TRIES_A_GIVEN_NUMBER = process.env["PROPERTY_RUNS"] !== undefined;

/** Tests try much: `npm run test:slow` and `npm run test:properties`. Else they belong to `npm test`, and try little. */
export const TRIES_MUCH = process.env["PROPERTIES"] === "many" || TRIES_A_GIVEN_NUMBER;

/** How much a property tries: what the environment variable `name` says, else one of these. */
export function amount(
  { few, many }: { readonly few: number; readonly many: number },
  name = "PROPERTY_RUNS",
): number {
  return Number(process.env[name] ?? (TRIES_MUCH ? many : few));
}

/**
 * The cases that a matrix of many similar ones tries: all of them where tests try much, else one in `oneIn`, always the same.
 *
 * Without it `npm test` would take twice as long. What one of such cases finds, most of its neighbours find too.
 */
export function sampleOf<T>(cases: readonly T[], oneIn: number): readonly T[] {
  // From the middle of each piece: the first ones are the plainest.
  return TRIES_MUCH ? cases : cases.filter((_, at) => at % oneIn === Math.floor(oneIn / 2));
}
