/** The aggregate of an event as people say it: `User 17`. Empty when it has none. */
export function aggregateOf(one: {
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
}): string {
  return [one.aggregateType, one.aggregateKey].filter((part) => part !== null).join(" ");
}
