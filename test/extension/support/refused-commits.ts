import type { Pool } from "pg";

/** Runs `fn` while COMMIT fails for every transaction that stored an event. */
export async function withRefusedCommits<T>(pool: Pool, fn: () => PromiseLike<T>): Promise<T> {
  await pool.query(`
    create or replace function refuse_commit() returns trigger language plpgsql as
      $$ begin raise exception 'commit refused' using errcode = 'check_violation'; end $$;
    create constraint trigger refuse_commit after insert on event_bus.events
      deferrable initially deferred for each row execute function refuse_commit()`);
  try {
    return await fn();
  } finally {
    await pool.query("drop trigger refuse_commit on event_bus.events");
  }
}
