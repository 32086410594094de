/** Somebody has said how much properties try: `npm run test:properties`. */
export const TRIES_A_GIVEN_NUMBER = process.env["PROPERTY_RUNS"] !== undefined;

/** Properties try much: `npm run test:slow` and `npm run test:properties`. Else they belong to `npm test`, and try little. */
export const TRIES_MUCH = process.env["PROPERTIES"] === "many" || TRIES_A_GIVEN_NUMBER;

/** How much a property tries: what the environment variable `name` says, else one of these. */
export function amount(
  { few, many }: { readonly few: number; readonly many: number },
  name = "PROPERTY_RUNS",
): number {
  return Number(process.env[name] ?? (TRIES_MUCH ? many : few));
}
