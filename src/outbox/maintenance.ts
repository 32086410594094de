import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

const START = statement(/* sql */ `select :BUS.start_if_due($1::text, $2::float8) as started`);
const ADVANCE = statement(/* sql */ `select :BUS.advance_checkpoints($1::integer)::text as done`);
const PREFER = statement(/* sql */ `select :BUS.prefer_newest()::text as done`);
const FORGET = statement(/* sql */ `select :BUS.forget_workers()::text as done`);

/** A task that one worker runs for all. */
export type MaintenanceTask =
  | "subscriptions"
  | "prune"
  | "look for orphans"
  | `wake lost ${string}`
  | `park ${string}`;

/** Starts a task that all workers together run at most once in `everyMs`. Returns true if it was due: then the caller runs it. */
export async function startIfDue(
  executor: Executor,
  names: SchemaNames,
  task: MaintenanceTask,
  everyMs: number,
): Promise<boolean> {
  const [row] = await explained(
    names,
    readRows<{ started: boolean }>(executor, START(names), [task, everyMs]),
  );
  return row?.started === true;
}

/** Advances the checkpoint of each subscription by up to `most` events, so that searches for open deliveries start there. */
export async function advanceCheckpoints(
  executor: Executor,
  names: SchemaNames,
  most = 50_000,
): Promise<void> {
  await explained(names, executor.query(ADVANCE(names), [most]));
}

/** Removes the rows of workers that have been silent for a day: since then, no worker of their worker schema has run. */
export async function forgetWorkers(executor: Executor, names: SchemaNames): Promise<void> {
  await explained(names, executor.query(FORGET(names)));
}

/** Gives each subscription the newest policy that a running worker has for it. */
export async function preferNewest(executor: Executor, names: SchemaNames): Promise<void> {
  await explained(names, executor.query(PREFER(names)));
}
