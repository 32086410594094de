/**
 * The client that `$transaction` hands out, for functions that take it. `Prisma.TransactionClient` is that of a client
 * without extensions, and does not fit one with any.
 *
 * @example
 * ```ts
 * type Tx = TransactionOf<typeof prisma>;
 * async function register(tx: Tx, email: string) {
 *   return tx.user.create({ data: { email } });
 * }
 * ```
 */
export type TransactionOf<Client extends { $transaction: (run: never, options?: never) => unknown }> =
  Client["$transaction"] extends (run: (tx: infer Tx) => Promise<unknown>, options?: never) => unknown
    ? Tx
    : never;
