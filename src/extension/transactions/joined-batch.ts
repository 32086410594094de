import { AsyncLocalStorage } from "node:async_hooks";
import { awaitLock, type CallHandle, leaveBatch, limitsOfBatch, lockHandle } from "../prisma/batch-handle.js";
import type { LazyPromise, TransactionHandle } from "../prisma/internals.js";
import { sendWith, sentBy } from "../prisma/lazy-promise.js";

/** On a handle that we give to an item of a batch. */
const SEAT = Symbol("ex-event-bus.seat");

/** An item of a batch, as whoever is asked to run in it sees it. */
export interface Seat {
  /** Whether the batch waits for it still. Prisma leaves a call the place in a batch that is over: it is alone then. */
  readonly isOpen: boolean;
  /** Whether other items come after it. */
  readonly isLast: boolean;
  /** Opens when everything before it in the batch has run; fails when that failed. */
  readonly turn: Promise<void>;
  /**
   * Says that the item goes on with a call that runs in `transaction` already: then the whole batch runs there.
   *
   * @param begin runs the batch when nothing else runs in the transaction.
   * @returns false when another item goes on with a call in another transaction.
   */
  claim(transaction: TransactionHandle, begin: (run: () => Promise<void>) => void): boolean;
  /**
   * Lets the items behind it run, which are in the same transaction, and waits until they have: to be called before that is
   * committed. Fails when one of them fails.
   */
  finish(): Promise<void>;
}

interface Place extends CallHandle {
  readonly [SEAT]: Seat;
}

const seats = new AsyncLocalStorage<Seat | undefined>();

/** Runs a call that starts anew: whatever it puts into batches is no part of the one that it was started in. */
export function outsideSeats<T>(run: () => T): T {
  return seats.getStore() === undefined ? run() : seats.run(undefined, run);
}

/** The seat of a handle; undefined for one that we did not give. */
export function seatOf(handle: object | undefined): Seat | undefined {
  return (handle as Partial<Place> | undefined)?.[SEAT];
}

/**
 * The items of a batch such that they run in the transaction of a call that one of them goes on with. That is what an
 * extension does that sends `query(args)` together with statements of its own, as Prisma's documented one for row-level
 * security: `$transaction([set_config, query(args)])`. Where none of them goes on with such a call, they run as
 * the batch that they are.
 *
 * As in a batch of Prisma's own, it is decided when all of them have knocked.
 */
export function joinable(items: readonly LazyPromise[]): readonly LazyPromise[] {
  const batch = new Batch(items.length);
  return items.map((item, index) =>
    sentBy(item, (handle) => batch.request(item, index, handle as CallHandle)),
  );
}

interface Turn {
  readonly promise: Promise<void>;
  readonly open: () => void;
  readonly refuse: (error: unknown) => void;
}

class Batch {
  readonly #turns: readonly Turn[];
  /** Those that have done their part, and are answered when the others have. */
  readonly #finished: readonly Turn[];
  readonly #knocked = new Set<number>();
  readonly #settled: Promise<unknown>[] = [];
  #claim: { transaction: TransactionHandle; begin: (run: () => Promise<void>) => void } | undefined;
  readonly #decided = turn();
  #isDecided = false;
  /** Where another extension of the same kind has put the call before. */
  readonly #outer = seats.getStore();
  #hasBegun = false;

  constructor(size: number) {
    this.#turns = Array.from({ length: size }, turn);
    this.#finished = Array.from({ length: size }, turn);
  }

  request(item: LazyPromise, index: number, handle: CallHandle): Promise<unknown> {
    const knock = () => this.#knock(index);
    const seat = this.#seat(index);
    const place: Place = { kind: "batch", ...limitsOfBatch(handle), id: handle.id, [SEAT]: seat };
    lockHandle(place, {
      opens: async () => {
        knock();
        await this.#decided.promise;
        if (this.#claim === undefined) {
          // As the batch that it is: Prisma's own lock counts, too.
          await awaitLock(handle);
          return undefined;
        }
        await this.#turns[index]?.promise;
        return this.#claim.transaction;
      },
      left: () => {
        knock();
        void this.#decided.promise.then(() => {
          if (this.#claim === undefined) leaveBatch(handle);
        });
      },
    });
    const answer = seats.run(seat, () => sendWith(item, place));
    // Answered by an extension, or refused, before it came to its lock.
    this.#settled[index] = answer.then(knock, knock).then(() => answer);
    this.#settled[index]?.catch(() => undefined);
    return answer;
  }

  #seat(index: number): Seat {
    const { promise } = this.#turns[index] ?? turn();
    const isOpen = () => !this.#isDecided;
    return {
      get isOpen() {
        return isOpen();
      },
      isLast: index === this.#turns.length - 1,
      turn: promise,
      claim: (transaction, begin) => {
        const outer = this.#outer;
        const isInOuter = this.#claim === undefined && outer?.claim(transaction, begin) === true;
        this.#claim ??= {
          transaction,
          begin: isInOuter ? (run) => void outer?.turn.then(run, run) : begin,
        };
        this.#knock(index);
        return this.#claim.transaction.id === transaction.id;
      },
      finish: async () => {
        this.#finished[index]?.open();
        await Promise.all(this.#settled.slice(index + 1));
        await this.#outer?.finish();
      },
    };
  }

  #knock(index: number): void {
    this.#knocked.add(index);
    if (this.#knocked.size < this.#turns.length) return;
    this.#isDecided = true;
    this.#decided.open();
    const claim = this.#claim;
    if (claim === undefined || this.#hasBegun) return;
    this.#hasBegun = true;
    claim.begin(() => this.#run());
  }

  /** One after the other, up to the first that fails. */
  async #run(): Promise<void> {
    for (const [index, { open }] of this.#turns.entries()) {
      open();
      try {
        await Promise.race([this.#settled[index], this.#finished[index]?.promise]);
      } catch (error) {
        for (const { refuse } of this.#turns) refuse(error);
        return;
      }
    }
  }
}

function turn(): Turn {
  let open = (): void => undefined;
  let refuse: Turn["refuse"] = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  // Who waits for it is told; there may be nobody.
  promise.catch(() => undefined);
  return { promise, open, refuse };
}
