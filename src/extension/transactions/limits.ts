import { transactionOptionsOf } from "../prisma/client-parts.js";
import type { InternalClient, TransactionLimits } from "../prisma/internals.js";

/** The limits of a transaction, in milliseconds, where neither the client nor the caller sets any. */
const PRISMA_LIMITS = { maxWait: 2_000, timeout: 5_000 };

/**
 * Limits for a batch that becomes an interactive transaction and takes longer than as a batch: the client's, where it
 * was given any, else ours.
 */
export function batchLimits(
  root: InternalClient,
  ours: { readonly maxWaitMs: number; readonly timeoutMs: number },
): TransactionLimits {
  const { maxWait, timeout } = transactionOptionsOf(root);
  return {
    ...(maxWait === PRISMA_LIMITS.maxWait ? { maxWait: ours.maxWaitMs } : {}),
    ...(timeout === PRISMA_LIMITS.timeout ? { timeout: ours.timeoutMs } : {}),
  };
}

/** How long an interactive transaction of this client may take when its caller does not say. */
export function transactionTimeoutMs(client: InternalClient): number {
  return transactionOptionsOf(client).timeout ?? PRISMA_LIMITS.timeout;
}
