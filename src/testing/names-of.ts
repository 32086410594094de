/** An event type or a subscriber, or its name. */
export type Named = string | { readonly name: string };

/** The names of one or several. */
export function namesOf(named: Named | readonly Named[]): readonly string[] {
  return [named].flat().map((one) => (typeof one === "string" ? one : one.name));
}
