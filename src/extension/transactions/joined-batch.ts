import { AsyncLocalStorage } from "node:async_hooks";
import { awaitLock, type CallHandle, leaveBatch, limitsOfBatch, lockHandle } from "../prisma/batch-handle.js";
import { asCallFailure } from "../prisma/errors.js";
import { interceptRequest, type Progress, type RequestSteps } from "../prisma/intercept-request.js";
import type { InternalClient, InternalParams, LazyPromise, TransactionHandle } from "../prisma/internals.js";
import { sendWith, sentBy } from "../prisma/lazy-promise.js";
import { noteFailure } from "./transaction-queue.js";

/** On a handle that we give to an item of a batch: the {@link BatchItem}. */
const ITEM = Symbol("ex-event-bus.batch-item");

/** One of the promises of a `$transaction([…])`, as the call that is sent for it sees it. */
export interface BatchItem {
  /** Whether the batch still waits for it. A call keeps its place in a batch that is over: it is outside of a batch then. */
  readonly isOpen: boolean;
  /** Whether other items come after it. */
  readonly isLast: boolean;
  /** Fulfilled when everything before it in the batch has run; fails when that failed. */
  readonly ready: Promise<void>;
  /**
   * Says that the item is the query of a call that runs in `transaction` already: then the whole batch runs there.
   *
   * @param begin runs the batch when nothing else runs in the transaction.
   * @returns false when another item is the query of a call in another transaction.
   */
  claim(transaction: TransactionHandle, begin: (run: () => Promise<void>) => void): boolean;
  /**
   * Lets the items behind it run, which are in the same transaction, and waits until they have: to be called before that is
   * committed. Fails when one of them fails.
   */
  finish(): Promise<void>;
}

interface Place extends CallHandle {
  readonly [ITEM]: BatchItem;
}

/** The item for which what runs was started. */
const current = new AsyncLocalStorage<BatchItem | undefined>();

/** Runs a call that starts anew: whatever it puts into batches is no part of the one that it was started in. */
export function outsideBatch<T>(run: () => T): T {
  return current.getStore() === undefined ? run() : current.run(undefined, run);
}

/** The item of a handle; undefined for one that we did not give. */
export function batchItemOf(handle: object): BatchItem | undefined {
  return (handle as Partial<Place>)[ITEM];
}

/**
 * The items of a batch such that they run in the transaction of a captured call, if one of them is the query of that call. An
 * extension makes such a batch if it sends `query(args)` together with statements of its own, as the one for row-level security
 * in Prisma's documentation: `$transaction([set_config, query(args)])`. Without such an item they run as a batch of Prisma's.
 *
 * That is decided when all items have arrived, as in a batch of Prisma's: Prisma awaits their locks, or they have been answered.
 */
export function joinable(items: readonly LazyPromise[]): readonly LazyPromise[] {
  const batch = new Batch(items.length);
  return items.map((item, index) =>
    sentBy(item, (handle) => batch.request(item, index, handle as CallHandle)),
  );
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class Batch {
  /** By item: resolved when it may run. */
  readonly #ready: readonly Deferred[];
  /** By item: resolved when it has run, though it is answered only after the items behind it. */
  readonly #finished: readonly Deferred[];
  readonly #arrived = new Set<number>();
  readonly #settled: Promise<unknown>[] = [];
  #claim: { transaction: TransactionHandle; begin: (run: () => Promise<void>) => void } | undefined;
  readonly #decided = deferred();
  #isDecided = false;
  /** Where another extension of the same kind has put the call before. */
  readonly #outer = current.getStore();
  #hasBegun = false;

  constructor(size: number) {
    this.#ready = Array.from({ length: size }, deferred);
    this.#finished = Array.from({ length: size }, deferred);
  }

  request(item: LazyPromise, index: number, handle: CallHandle): Promise<unknown> {
    const arrive = () => this.#arrive(index);
    const own = this.#item(index);
    const place: Place = { kind: "batch", ...limitsOfBatch(handle), id: handle.id, [ITEM]: own };
    lockHandle(place, {
      opens: async () => {
        arrive();
        await this.#decided.promise;
        if (this.#claim === undefined) {
          // It stays a batch of Prisma's, whose own lock counts too.
          await awaitLock(handle);
          return undefined;
        }
        await this.#ready[index]?.promise;
        return this.#claim.transaction;
      },
      left: () => {
        arrive();
        void this.#decided.promise.then(() => {
          if (this.#claim === undefined) leaveBatch(handle);
        });
      },
    });
    const answer = current.run(own, () => sendWith(item, place));
    // Answered by an extension, or refused, before it came to its lock.
    this.#settled[index] = answer.then(arrive, arrive).then(() => answer);
    this.#settled[index]?.catch(() => undefined);
    return answer;
  }

  #item(index: number): BatchItem {
    const { promise } = this.#ready[index] ?? deferred();
    const isOpen = () => !this.#isDecided;
    return {
      get isOpen() {
        return isOpen();
      },
      isLast: index === this.#ready.length - 1,
      ready: promise,
      claim: (transaction, begin) => {
        const outer = this.#outer;
        const isInOuter = this.#claim === undefined && outer?.claim(transaction, begin) === true;
        this.#claim ??= {
          transaction,
          begin: isInOuter ? (run) => void outer?.ready.then(run, run) : begin,
        };
        this.#arrive(index);
        return this.#claim.transaction.id === transaction.id;
      },
      finish: async () => {
        this.#finished[index]?.resolve();
        await Promise.all(this.#settled.slice(index + 1));
        await this.#outer?.finish();
      },
    };
  }

  #arrive(index: number): void {
    this.#arrived.add(index);
    if (this.#arrived.size < this.#ready.length) return;
    this.#isDecided = true;
    this.#decided.resolve();
    const claim = this.#claim;
    if (claim === undefined || this.#hasBegun) return;
    this.#hasBegun = true;
    claim.begin(() => this.#run());
  }

  /** One after the other, up to the first that fails. */
  async #run(): Promise<void> {
    for (const [index, { resolve }] of this.#ready.entries()) {
      resolve();
      try {
        await Promise.race([this.#settled[index], this.#finished[index]?.promise]);
      } catch (error) {
        for (const { reject } of this.#ready) reject(error);
        return;
      }
    }
  }
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  let reject: Deferred["reject"] = () => undefined;
  const promise = new Promise<void>((fulfill, fail) => {
    resolve = fulfill;
    reject = fail;
  });
  // A rejection without a listener would end the process. Code that awaits the promise gets it all the same.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/**
 * {@link interceptRequest} for a call that another extension may put into a batch of its own: the batch is run in
 * `transaction` then. What fails before the query is sent is told as a failure of the call, and noted.
 */
export function interceptInTransaction<Before>(
  root: InternalClient,
  params: InternalParams,
  transaction: TransactionHandle,
  steps: RequestSteps<Before>,
  progress: Progress,
): InternalParams {
  return interceptRequest(params, transaction, steps, progress, {
    join(handle, joined, after) {
      const before = after?.ready ?? Promise.resolve();
      const item = batchItemOf(handle);
      return item?.claim(joined, (run) => void before.then(run, run)) === true ? item : undefined;
    },
    failed(error) {
      const told = asCallFailure(error, root, params);
      if (told !== error) noteFailure(transaction, told);
      return told;
    },
  });
}
