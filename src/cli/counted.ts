/** A count and what it counts, with the verb if there is one: `1 event is`, `2 events are`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
