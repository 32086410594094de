import type { Pool, PoolClient } from "pg";

import { stateOf } from "../../delivery/connection-error.js";
import { isTransient } from "../../outbox/database-error.js";
import type { JobSource } from "./job-source.js";

/** Options of {@link guardedPool}. */
export interface GuardedPoolOptions {
  /** If false, graphile-worker gets no connection to listen on, and only polls. */
  readonly listens: boolean;
  /** Once true, requests are never answered. */
  readonly isSilent: () => boolean;
  /** While true, errors of statements go to `onBroken` instead of graphile-worker. */
  readonly isStopping: () => boolean;
  /** Also called for each failed query for jobs. */
  readonly onBroken: (error: unknown) => void;
  readonly source: Pick<JobSource, "answer">;
}

/**
 * The pool that graphile-worker gets instead of `pool`. It answers the statements that `source` knows. While a run stops, it keeps
 * errors from graphile-worker, which would print each with its stack.
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
  // If the answer of a query for jobs is lost, its jobs can be locked. Only ending the run frees them. With a local queue,
  // graphile-worker repeats the query and reports nothing.
  const failedClaim = (error: unknown): never => {
    if (!isTransient(stateOf(error) ?? "")) onBroken(error);
    throw error;
  };
  /** A client that takes a connection only once a statement must be sent. */
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
    // graphile-worker passes a callback only for the connection that listens.
    const isListener = typeof args[0] === "function";
    if (isSilent() || (isListener && !listens)) return never();
    return isListener ? pool.connect(...args) : Promise.resolve(client());
  };
  // `pool.query` calls `connect` with a callback too, so it must call that of the original pool.
  const query: unknown = (...args: Parameters<Pool["query"]>) =>
    isSilent() ? never() : quietly(pool.query(...args) as unknown as Promise<unknown>);
  return Object.create(pool, { connect: { value: connect }, query: { value: query } }) as Pool;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
