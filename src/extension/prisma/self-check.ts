import { isEventBusError } from "../../errors.js";
import { checkCalls } from "./check-calls.js";
import { checkQuery } from "./check-query.js";
import { type InternalClient, ownTransactionOf, type TransactionHandle } from "./internals.js";
import { ownClientOf } from "./own-client.js";

/** A check that each root client passes once. Those that come while it is made wait for it. */
class Once<Rest extends readonly unknown[]> {
  readonly #passed = new WeakSet<InternalClient>();
  readonly #running = new WeakMap<InternalClient, Promise<void>>();
  readonly #check: (root: InternalClient, ...rest: Rest) => Promise<void>;

  constructor(check: (root: InternalClient, ...rest: Rest) => Promise<void>) {
    this.#check = check;
  }

  /** @returns undefined when it has been passed. */
  pass(root: InternalClient, ...rest: Rest): Promise<void> | undefined {
    if (this.#passed.has(root)) return undefined;
    const running = this.#running.get(root);
    if (running === undefined) return this.#run(root, rest);
    return running.catch((error: unknown) => {
      // That of another call failed with its transaction, or its connection.
      if (!isEventBusError(error, "PRISMA_INCOMPATIBLE")) return this.#run(root, rest);
      throw error;
    });
  }

  #run(root: InternalClient, rest: Rest): Promise<void> {
    const running = this.#check(root, ...rest).then(
      () => void this.#passed.add(root),
      (error: unknown) => {
        if (!isEventBusError(error, "PRISMA_INCOMPATIBLE")) this.#running.delete(root);
        throw error;
      },
    );
    this.#running.set(root, running);
    return running;
  }
}

const calls = new Once(checkCalls);
const queries = new Once(checkQuery);

/**
 * Checks, once for each root client, that calls take the steps that the extension relies on. Sends nothing.
 *
 * @returns undefined when that is known.
 * @throws EventBusError `PRISMA_INCOMPATIBLE`
 */
export function callsChecked(root: InternalClient): Promise<void> | undefined {
  return calls.pass(root);
}

/**
 * Checks, once for each root client, that a query of a captured call is sent into its transaction, and that its answer comes
 * through our hands. To be passed before anything is written.
 *
 * @returns undefined when that is known.
 * @throws EventBusError `PRISMA_INCOMPATIBLE`; else what the statements failed with.
 */
export function queriesChecked(
  root: InternalClient,
  transaction: TransactionHandle,
): Promise<void> | undefined {
  return queries.pass(root, transaction);
}

const LIMITS = { maxWait: 10_000, timeout: 10_000 };

/**
 * The whole check, in a transaction of its own.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`; else what the database, or the way to it, has failed with.
 */
export async function selfCheck(root: InternalClient): Promise<void> {
  await callsChecked(root);
  await ownClientOf(root).$transaction(
    async (inner: InternalClient) => await queriesChecked(root, ownTransactionOf(inner)),
    LIMITS,
  );
}
