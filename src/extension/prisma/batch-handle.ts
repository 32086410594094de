import type { TransactionHandle } from "./internals.js";

/** What says where a call is sent: Prisma takes it for a place in a batch, or for an interactive transaction. */
export interface CallHandle {
  kind: "batch" | "itx";
  id: unknown;
  /** Prisma awaits it before it sends a call in a batch. */
  lock?: PromiseLike<void>;
}

/** What Prisma does with the lock of a batch. */
export interface LockSteps {
  /**
   * The call is about to be sent. Gives the transaction in which it is sent then; undefined: it stays in the batch.
   */
  readonly opens: () => TransactionHandle | undefined | Promise<TransactionHandle | undefined>;
  /** The call leaves the batch for another place. */
  readonly left?: () => void;
}

/**
 * Makes a handle that Prisma takes for a place in a batch until it awaits the lock, and for an interactive transaction from
 * then on. That is the only moment between the mapping of a query's arguments and its sending.
 */
export function lockHandle(handle: CallHandle, { opens, left }: LockSteps): void {
  const enter = (transaction: TransactionHandle | undefined): void => {
    if (transaction === undefined) return;
    handle.kind = "itx";
    handle.id = transaction.id;
    delete handle.lock;
  };
  handle.kind = "batch";
  handle.lock = {
    // biome-ignore lint/suspicious/noThenProperty: Prisma awaits it, or calls it without a function to leave the batch
    then(onOpen, onError) {
      if (!onOpen) {
        left?.();
        return Promise.resolve() as never;
      }
      const opened = opens();
      if (opened instanceof Promise) return opened.then(enter).then(onOpen, onError);
      enter(opened);
      void onOpen();
      return Promise.resolve() as never;
    },
  };
}

/** A handle of a batch of one that is open. */
export function openHandle(id: unknown): CallHandle & { readonly index: number } {
  return { kind: "batch", id, index: 0, lock: Promise.resolve() };
}

/** Waits as Prisma does before it sends a call in a batch. */
export async function awaitLock({ lock }: CallHandle): Promise<void> {
  await lock;
}

/** Tells the batch of a handle that the call leaves it, as Prisma does. */
export function leaveBatch({ lock }: CallHandle): void {
  void lock?.then();
}

/** What Prisma tells a call in a batch beside its place: the limits of the batch. */
export function limitsOfBatch({ kind: _kind, id: _id, lock: _lock, ...limits }: CallHandle): object {
  return limits;
}
