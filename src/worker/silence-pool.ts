import type { Pool } from "pg";

/** What is kept from graphile-worker. */
export interface Silence {
  /** Without, it gets no connection to listen on: it polls. */
  readonly listens: boolean;
  /** From the moment on that this is so, nothing that it asks for is answered any more. */
  readonly isSilent: () => boolean;
}

/** The pool as graphile-worker is allowed to see it. */
export function silencePool(pool: Pool, { listens, isSilent }: Silence): Pool {
  const never = () => new Promise(() => undefined);
  const connect: unknown = (...args: Parameters<Pool["connect"]>) => {
    // Only who wants to listen asks with a callback.
    const isRefused = isSilent() || (!listens && typeof args[0] === "function");
    return isRefused ? never() : pool.connect(...args);
  };
  // The pool's own way to send one statement asks with a callback too.
  const query: unknown = (...args: Parameters<Pool["query"]>) => (isSilent() ? never() : pool.query(...args));
  return Object.create(pool, { connect: { value: connect }, query: { value: query } }) as Pool;
}
