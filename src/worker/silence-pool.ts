import type { Pool, PoolClient } from "pg";

/** What is kept from graphile-worker. */
export interface Silence {
  /** Without, it gets no connection to listen on: it polls. */
  readonly listens: boolean;
  /** From the moment on that this is so, nothing that it asks for is answered any more. */
  readonly isSilent: () => boolean;
  /** While it comes to a stop, `onBroken` learns of statements that fail, instead of it. */
  readonly isStopping: () => boolean;
  readonly onBroken: (error: unknown) => void;
}

/**
 * The pool as graphile-worker is allowed to see it. It prints statements that fail after it was told to stop, with
 * their stacks.
 */
export function silencePool(pool: Pool, { listens, isSilent, isStopping, onBroken }: Silence): Pool {
  const quietly = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (!isStopping()) throw error;
      onBroken(error);
      return never();
    }
  };
  const connect: unknown = (...args: Parameters<Pool["connect"]>) => {
    // Only who wants to listen asks with a callback.
    const isListener = typeof args[0] === "function";
    if (isSilent() || (isListener && !listens)) return never();
    return isListener ? pool.connect(...args) : quietly(pool.connect().then(guarded));
  };
  const guarded = (client: PoolClient): PoolClient => {
    const query: unknown = (...args: Parameters<PoolClient["query"]>) =>
      quietly(client.query(...args) as unknown as Promise<unknown>);
    return new Proxy(client, {
      get(target, property) {
        if (property === "query") return query;
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  // The pool's own way to send one statement asks with a callback too.
  const query: unknown = (...args: Parameters<Pool["query"]>) =>
    isSilent() ? never() : quietly(pool.query(...args) as unknown as Promise<unknown>);
  return Object.create(pool, { connect: { value: connect }, query: { value: query } }) as Pool;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
