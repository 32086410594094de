import type { Pool, PoolClient } from "pg";

import { stateOf } from "../../delivery/connection-error.js";
import { isTransient } from "../../outbox/database-error.js";
import type { JobSource } from "./job-source.js";

/** What graphile-worker is kept from, and what it is answered in place of the database. */
export interface GuardedPoolOptions {
  /** False: it gets no connection to listen on, and polls. */
  readonly listens: boolean;
  /** Once true, no request is answered any more. */
  readonly isSilent: () => boolean;
  /** While it stops, failed statements are reported to `onBroken` instead of to graphile-worker. */
  readonly isStopping: () => boolean;
  /** Is told of failed looks for jobs at any time. */
  readonly onBroken: (error: unknown) => void;
  readonly source: Pick<JobSource, "answer">;
}

/**
 * The pool that graphile-worker gets. On the original one it would print each statement that fails after it was told to
 * stop, with its stack.
 */
export function guardedPool(
  pool: Pool,
  { listens, isSilent, isStopping, onBroken, source }: GuardedPoolOptions,
): Pool {
  const quietly = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (!isStopping()) throw error;
      onBroken(error);
      return never();
    }
  };
  // Jobs that were locked though the answer was lost are freed only when this run is given up: with a local queue,
  // graphile-worker asks again and reports nothing.
  const failedClaim = (error: unknown): never => {
    if (!isTransient(stateOf(error) ?? "")) onBroken(error);
    throw error;
  };
  /** A client that takes a connection only for what is to be sent. */
  const client = (): Pick<PoolClient, "query" | "release"> => {
    let connected: Promise<PoolClient> | undefined;
    const query: unknown = (...args: Parameters<PoolClient["query"]>) => {
      if (isSilent()) return never();
      const answer = source.answer(args[0]);
      if (answer !== undefined) return quietly(answer.catch(failedClaim));
      connected ??= pool.connect();
      return quietly(connected.then((real) => real.query(...args) as unknown as Promise<unknown>));
    };
    const release = (error?: Error | boolean) => {
      connected?.then(
        (real) => real.release(error),
        // The statement has failed with the same error.
        () => undefined,
      );
    };
    return { query: query as PoolClient["query"], release };
  };
  const connect: unknown = (...args: Parameters<Pool["connect"]>) => {
    // graphile-worker asks with a callback only to listen.
    const isListener = typeof args[0] === "function";
    if (isSilent() || (isListener && !listens)) return never();
    return isListener ? pool.connect(...args) : Promise.resolve(client());
  };
  // The pool's own way to send one statement asks with a callback too.
  const query: unknown = (...args: Parameters<Pool["query"]>) =>
    isSilent() ? never() : quietly(pool.query(...args) as unknown as Promise<unknown>);
  return Object.create(pool, { connect: { value: connect }, query: { value: query } }) as Pool;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
