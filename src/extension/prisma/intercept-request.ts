import { EventBusError } from "../../errors.js";
import { type Seat, seatOf } from "../transactions/joined-batch.js";
import { noteFailure } from "../transactions/transaction-queue.js";
import { asCallFailure } from "./errors.js";
import {
  asOurs,
  type InternalClient,
  type InternalParams,
  incompatible,
  type TransactionHandle,
} from "./internals.js";
import type { CallArgs } from "./selection.js";

/** What is done at the border to the database. */
export interface Border<Before> {
  /** The arguments as they leave. May refuse. */
  readonly depart: (args: CallArgs) => CallArgs;
  /** Runs in the transaction just before the query is sent. */
  readonly before: () => Promise<Before>;
  /** Whether rows are read after the answer, for which what another extension has set must still hold. */
  readonly readsAfterwards?: () => boolean;
  /** Gets the database's own answer; what it returns is what hooks of extensions and the caller get. */
  readonly arrive: (answer: unknown, before: Before) => unknown;
}

/** How far a query went. */
export interface Progress {
  /** It was handed to Prisma's engine. */
  asked: boolean;
  /** The engine answered. */
  arrived: boolean;
}

interface Handle {
  kind: "itx" | "batch";
  readonly id: string;
  lock?: PromiseLike<void>;
}

/** One time that the engine is asked. */
interface Request<Before> {
  loaded: { readonly before: Before } | undefined;
}

type Mapper = (args: CallArgs) => CallArgs;
type Unpacker = (answer: unknown) => unknown;

/**
 * Parameters that run a query in `transaction` and tap it where it meets the database.
 *
 * Prisma maps the arguments, awaits the lock of a batch, sends the query and unpacks the answer, in this order: the
 * mapper turns the transaction into a batch whose lock does our part and turns it back.
 */
export function tapped<Before>(
  root: InternalClient,
  params: InternalParams,
  transaction: TransactionHandle,
  border: Border<Before>,
  progress: Progress,
): InternalParams {
  let handle: Handle = { ...transaction };
  // It may be asked again, for less. Prisma reads the unpacker just before it maps.
  let request: Request<Before> = { loaded: undefined };
  let latest = request;
  // Its place in a batch of another extension.
  let seat: Seat | undefined;
  const fail = (error: unknown): never => {
    const told = asCallFailure(error, root, params);
    if (told !== error) noteFailure(transaction, told);
    throw told;
  };
  const depart: Mapper = (args) => {
    const departing = handle;
    handle = { ...transaction };
    const current = request;
    const place = seat;
    seat = undefined;
    current.loaded = undefined;
    latest = current;
    const mapped = border.depart((params["argsMapper"] as Mapper | undefined)?.(args) ?? args);
    const load = async () => {
      await place?.turn;
      if (place?.isLast === false && border.readsAfterwards?.() === true) throw notLast();
      current.loaded = { before: await border.before().catch(fail) };
      departing.kind = "itx";
      delete departing.lock;
      progress.asked = true;
    };
    departing.kind = "batch";
    // biome-ignore lint/suspicious/noThenProperty: awaited by Prisma, and only when the arguments are valid
    departing.lock = { then: (onDone, onError) => load().then(onDone, onError) };
    return mapped;
  };
  const arrive = (answered: Request<Before>, answer: unknown): unknown => {
    progress.arrived = true;
    if (answered.loaded === undefined || answered !== latest)
      throw incompatible("the order of its steps (map, lock, send, unpack)");
    const { before } = answered.loaded;
    answered.loaded = undefined;
    const unpacked = (params["unpacker"] as Unpacker | undefined)?.(answer) ?? answer;
    return border.arrive(unpacked, before);
  };
  // A path of a fluent call is gone by our answer's hand: the whole row is needed first.
  const bound = asOurs(Object.assign({}, params, { dataPath: [], argsMapper: depart }));
  return Object.defineProperties(bound, {
    transaction: {
      enumerable: true,
      configurable: true,
      get: () => handle,
      set: (other: { readonly id?: unknown } | undefined) => {
        if (other === undefined || other.id === transaction.id) return;
        const before = seat?.turn ?? Promise.resolve();
        const given = seatOf(other);
        if (given?.claim(transaction, (run) => void before.then(run, run)) !== true) throw escaped(other.id);
        seat = given;
      },
    },
    unpacker: {
      enumerable: true,
      configurable: true,
      get: (): Unpacker => {
        const next: Request<Before> = { loaded: undefined };
        request = next;
        return (answer) => arrive(next, answer);
      },
    },
  }) as unknown as InternalParams;
}

function notLast(): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "An extension that comes after the event bus put statements behind query(args) in $transaction([…]), so that they would " +
      "run before the rows that this call brings along can be read again. Nothing was written. Expected query(args) as " +
      "the last one: set_config(…, true) ends with the transaction by itself.",
  );
}

function escaped(id: unknown): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "An extension that comes after the event bus put this mutation into a transaction of another client, with query(args) in " +
      "$transaction([…]), so that its events could not be written with it. Nothing was written. Expected $transaction of " +
      "the client that the extension is given: Prisma.defineExtension((prisma) => prisma.$extends({ … prisma.$transaction([…]) … })).",
    { value: id },
  );
}
