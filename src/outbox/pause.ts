import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

// `known` counts ended subscriptions too, because they can have open deliveries.
const SET = statement(/* sql */ `select changed, known from :BUS.set_paused($1::text, $2::boolean)`);

const WAKE = statement(/* sql */ `select :BUS.wake_held($1::integer) as woken`);

/** Pauses or resumes a subscriber. Returns whether that changed it; undefined if there is no such subscriber. */
export async function setPaused(
  executor: Executor,
  names: SchemaNames,
  subscriber: string,
  paused: boolean,
): Promise<boolean | undefined> {
  const [row] = await explained(
    names,
    readRows<{ changed: number; known: number }>(executor, SET(names), [subscriber, paused]),
  );
  return row === undefined || row.known === 0 ? undefined : row.changed > 0;
}

/**
 * Wakes up to `most` deliveries that are still paused although their subscribers were resumed, in the order of positions. Returns
 * their number.
 */
export async function wakeHeld(executor: Executor, names: SchemaNames, most: number): Promise<number> {
  const [row] = await explained(names, readRows<{ woken: number }>(executor, WAKE(names), [most]));
  return row?.woken ?? 0;
}
