import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

// `known` counts the subscriptions that there are; ended ones may have deliveries that wait.
const SET = statement(/* sql */ `select changed, known from :BUS.set_paused($1::text, $2::boolean)`);

const WAKE = statement(/* sql */ `select :BUS.wake_held($1::integer) as woken`);

/** Pauses a subscriber or lets it go on. Undefined: there is no such subscriber; else whether it was not so already. */
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
 * Wakes some of the deliveries that were held back for subscribers that are not paused any more, in the order of
 * positions. Returns how many: none when all are awake.
 */
export async function wakeHeld(executor: Executor, names: SchemaNames, most: number): Promise<number> {
  const [row] = await explained(names, readRows<{ woken: number }>(executor, WAKE(names), [most]));
  return row?.woken ?? 0;
}
