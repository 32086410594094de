import { checkInteger, checkOptions, invalidOption, type Place } from "../registry/check-options.js";
import type { TransactionOf } from "../registry/register.js";

/** The part of a Prisma client that {@link withRollback} uses. */
export interface RollbackClient {
  $transaction: (run: never, options?: never) => unknown;
}

/** Options of {@link withRollback}. */
export interface RollbackOptions {
  /** How long the function may take, in milliseconds, 1 to 2147483647. Defaults to 60000. */
  readonly timeoutMs?: number | undefined;
}

const place: Place = { of: "withRollback()" };

/** The error that rolls the transaction back. It never leaves this file. */
const ROLLBACK = Symbol("rollback");

/**
 * Runs a test in a transaction and rolls it back: nothing stays, and no other connection sees its writes. `tx` is a client like
 * yours. Its `$transaction` makes savepoints, so code with its own transactions works and can roll them back. Events, deliveries
 * and `drain({ prisma: tx, … })` are in the transaction too.
 *
 * Only writes through `tx` are rolled back: pass it to the code under test.
 *
 * @returns the result of the function.
 * @throws the error of the function; EventBusError `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * it("registers", () =>
 *   withRollback(prisma, async (tx) => {
 *     await register(tx, "ada@example.com");
 *     await expect(tx).toHavePublished(UserRegistered);
 *   }));
 * ```
 */
export async function withRollback<Client extends RollbackClient, T>(
  client: Client,
  run: (tx: TransactionOf<Client>) => Promise<T> | T,
  options: RollbackOptions = {},
): Promise<T> {
  const given = checkOptions(options, ["timeoutMs"], place);
  const range = { min: 1, max: 2_147_483_647, defaultsTo: 60_000, of: "milliseconds" };
  const timeout = checkInteger(given, "timeoutMs", range, place);
  if (typeof Object(client).$transaction !== "function") {
    throw invalidOption("the client", client, "a Prisma client", place);
  }
  if (typeof run !== "function") throw invalidOption("the second argument", run, "a function", place);
  let answer: { readonly value: T } | undefined;
  const transact = client.$transaction as unknown as (
    body: (tx: TransactionOf<Client>) => Promise<never>,
    limits: { readonly timeout: number; readonly maxWait: number },
  ) => Promise<never>;
  try {
    return await transact.call(
      client,
      async (tx) => {
        answer = { value: await run(tx) };
        throw ROLLBACK;
      },
      { timeout, maxWait: timeout },
    );
  } catch (error) {
    if (error === ROLLBACK && answer !== undefined) return answer.value;
    throw error;
  }
}
