import type { Executor } from "../executor.js";

const WAKE = /* sql */ `select pg_catalog.pg_notify('jobs:insert', pg_catalog.json_build_object('count', $1::integer)::text)`;

/** Has up to `count` idle workers of graphile-worker look for jobs, whatever their schema is. */
export async function wakeWorkers(executor: Executor, count: number): Promise<void> {
  await executor.query(WAKE, [count]);
}
