import type { Pool } from "pg";

/** The pool, of which no connection can be had any more from the moment on that `isSilent`: who asks waits for ever. */
export function silencePool(pool: Pool, isSilent: () => boolean): Pool {
  const connect: unknown = (...args: Parameters<Pool["connect"]>) =>
    isSilent() ? new Promise(() => undefined) : pool.connect(...args);
  return Object.create(pool, { connect: { value: connect } }) as Pool;
}
