import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

const TAKE = statement(/* sql */ `select :BUS.take_turn($1::text, $2::float8) as taken`);
const ADVANCE = statement(/* sql */ `select :BUS.advance_checkpoints($1::integer)::text as done`);
const PREFER = statement(/* sql */ `select :BUS.prefer_newest()::text as done`);
const FORGET = statement(/* sql */ `select :BUS.forget_workers()::text as done`);

/** A task that one worker does for all. */
export type MaintenanceTask =
  | "tend"
  | "prune"
  | "look for orphans"
  | `wake lost ${string}`
  | `park ${string}`;

/** Whether it is the caller's turn to do a task that somebody is to do once in so many milliseconds. */
export async function takeTurn(
  executor: Executor,
  names: SchemaNames,
  task: MaintenanceTask,
  everyMs: number,
): Promise<boolean> {
  const [row] = await explained(names, readRows<{ taken: boolean }>(executor, TAKE(names), [task, everyMs]));
  return row?.taken === true;
}

/** Notes up to where everything is done, so that what waits is found without reading that again. */
export async function advanceCheckpoints(
  executor: Executor,
  names: SchemaNames,
  most = 50_000,
): Promise<void> {
  await explained(names, executor.query(ADVANCE(names), [most]));
}

/** Removes what workers have left behind that nobody can have taken over, since none of their kind ran since. */
export async function forgetWorkers(executor: Executor, names: SchemaNames): Promise<void> {
  await explained(names, executor.query(FORGET(names)));
}

/** Gives each subscription the newest policy that a running worker has for it. */
export async function preferNewest(executor: Executor, names: SchemaNames): Promise<void> {
  await explained(names, executor.query(PREFER(names)));
}
