import { checkCalls } from "./check-calls.js";
import { checkQuery } from "./check-query.js";
import {
  type InternalClient,
  ownTransactionOf,
  type TransactionHandle,
  type TransactionLimits,
} from "./internals.js";
import { ownClientOf } from "./own-client.js";

/**
 * A check that each root client passes once. Calls that come before it has passed check each for itself: one that waited for
 * the check of another would wait for that one's transaction too, which may be waiting for a lock. A failure is not
 * remembered: one that looks like a missing step may have come from the connection.
 */
class Once<Rest extends readonly unknown[]> {
  readonly #passed = new WeakSet<InternalClient>();
  readonly #check: (root: InternalClient, ...rest: Rest) => Promise<void>;

  constructor(check: (root: InternalClient, ...rest: Rest) => Promise<void>) {
    this.#check = check;
  }

  hasPassed(root: InternalClient): boolean {
    return this.#passed.has(root);
  }

  /** @returns undefined when it has been passed. */
  pass(root: InternalClient, ...rest: Rest): Promise<void> | undefined {
    if (this.#passed.has(root)) return undefined;
    return this.#check(root, ...rest).then(() => void this.#passed.add(root));
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

const LIMITS: TransactionLimits = { maxWait: 10_000, timeout: 10_000 };

/**
 * The whole check, in a transaction of its own.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`; else what the database, or the way to it, has failed with.
 */
export async function selfCheck(root: InternalClient, limits: TransactionLimits = LIMITS): Promise<void> {
  await callsChecked(root);
  await ownClientOf(root).$transaction(
    async (inner: InternalClient) => await queriesChecked(root, ownTransactionOf(inner)),
    limits,
  );
}

/**
 * The whole check before a batch. It does not run in the transaction of the batch, whose first statement may be one that
 * PostgreSQL takes only as the first, such as SET TRANSACTION.
 *
 * @param limits of the batch.
 * @returns undefined when the check has been passed.
 */
export function checkedBeforeBatch(
  root: InternalClient,
  { maxWait, timeout }: TransactionLimits,
): Promise<void> | undefined {
  if (queries.hasPassed(root)) return undefined;
  return selfCheck(root, { ...(maxWait && { maxWait }), ...(timeout && { timeout }) });
}
