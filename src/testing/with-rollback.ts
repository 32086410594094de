import { checkInteger, checkOptions, invalidOption, type Place } from "../registry/check-options.js";
import type { TransactionOf } from "../registry/register.js";

/** What {@link withRollback} needs of a Prisma client. */
export interface RollbackClient {
  $transaction: (run: never, options?: never) => unknown;
}

/** What {@link withRollback} takes. */
export interface RollbackOptions {
  /** How long the function may take, in milliseconds, 1 to 2147483647. Defaults to 60000. */
  readonly timeoutMs?: number | undefined;
}

const place: Place = { of: "withRollback()" };

/** What ends the transaction; nobody else ever sees it. */
const ROLLBACK = Symbol("rollback");

/**
 * Runs a test in a transaction and rolls it back: nothing stays, and nobody else sees anything of it. `tx` is a client
 * like yours. Its `$transaction` makes savepoints, so code that has transactions of its own works and can roll back its
 * part. Events, deliveries and `drain({ prisma: tx, … })` are in the transaction too.
 *
 * Whatever is to be rolled back must use `tx`: give it to the code under test.
 *
 * @returns what the function returns.
 * @throws what the function throws; EventBusError `INVALID_OPTION`.
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
