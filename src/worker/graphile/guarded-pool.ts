import type { Pool, PoolClient } from "pg";

import { stateOf } from "../../delivery/connection-error.js";
import { isTransient } from "../../outbox/database-error.js";
import type { JobSource } from "./job-source.js";

/** What is kept from graphile-worker, and what it is answered at once. */
export interface GuardedPoolOptions {
  /** Without, it gets no connection to listen on: it polls. */
  readonly listens: boolean;
  /** From the moment on that this is so, nothing that it asks for is answered any more. */
  readonly isSilent: () => boolean;
  /** While it comes to a stop, `onBroken` learns of statements that fail, instead of it. */
  readonly isStopping: () => boolean;
  /** Learns of failed claims at any time. */
  readonly onBroken: (error: unknown) => void;
  readonly source: Pick<JobSource, "answer">;
}

/**
 * The pool as graphile-worker is allowed to see it. It prints statements that fail after it was told to stop, with
 * their stacks.
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
  // What was locked, though the answer was lost, is freed only when this is given up: with a queue of its own,
  // graphile-worker asks again and says nothing.
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
        // The statement for which it was to be has told.
        () => undefined,
      );
    };
    return { query: query as PoolClient["query"], release };
  };
  const connect: unknown = (...args: Parameters<Pool["connect"]>) => {
    // Only who wants to listen asks with a callback.
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
