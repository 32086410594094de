/**
 * Extend this interface with the type of the application's Prisma client, which is then the type of `ctx.prisma` in every handler.
 * Without it, `ctx.prisma` is `unknown`.
 *
 * @example
 * ```ts
 * declare module "ex-event-bus" {
 *   interface Register {
 *     prisma: typeof prisma;
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by the application
export interface Register {}

/**
 * The type of the application's Prisma client, if {@link Register} has it; otherwise unknown.
 */
export type RegisteredPrisma = Register extends { readonly prisma: infer Client } ? Client : unknown;

/** The type of the client that its `$transaction` passes; unknown if {@link RegisteredPrisma} is. */
export type RegisteredTransaction = Register extends {
  readonly prisma: infer Client extends { $transaction: (run: never, options?: never) => unknown };
}
  ? TransactionOf<Client>
  : unknown;

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
