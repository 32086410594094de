import { EventBusError } from "../errors.js";
import { type InternalParams, incompatible, type TransactionHandle } from "./prisma-internals.js";
import type { CallArgs } from "./selection.js";

/** What is done at the border to the database, after all other extensions and before all of them. */
export interface Border<Before> {
  /** The arguments as they leave; gets them as the last extension left them. May refuse. */
  readonly depart: (args: CallArgs) => CallArgs;
  /** Runs in the transaction just before the query is sent. */
  readonly before: () => Promise<Before>;
  /** Gets the database's own answer; what it returns is what the extensions and the caller get. */
  readonly arrive: (answer: unknown, before: Before) => unknown;
}

/** How far a query went. */
export interface Progress {
  /** It was handed to Prisma's engine. */
  asked: boolean;
  /** The engine answered. */
  arrived: boolean;
  /** An answer came after another query of the same call had been begun: neither's old values are certain. */
  overlapped: boolean;
}

interface Handle {
  kind: "itx" | "batch";
  readonly id: string;
  lock?: PromiseLike<void>;
}

/** One time that the engine is asked. */
interface Request<Before> {
  loaded: { readonly before: Before } | undefined;
  isAnswered?: boolean;
}

type Mapper = (args: CallArgs) => CallArgs;
type Unpacker = (answer: unknown) => unknown;

/**
 * Parameters that run a query in `transaction` and tap it where it meets the database, so that neither what other
 * extensions make of the arguments nor what they make of the answer can come between an event and the truth.
 *
 * Prisma maps the arguments, awaits the lock of a batch, sends the query and unpacks the answer, in this order: the
 * mapper turns the transaction into a batch whose lock does our part and turns it back.
 */
export function tapped<Before>(
  params: InternalParams,
  transaction: TransactionHandle,
  border: Border<Before>,
  progress: Progress,
): InternalParams {
  let handle: Handle = { ...transaction };
  // One after the other, an extension may ask several times. Prisma reads the unpacker just before it maps.
  let request: Request<Before> = { loaded: undefined };
  let latest = request;
  const depart: Mapper = (args) => {
    const departing = handle;
    handle = { ...transaction };
    const current = request;
    current.loaded = undefined;
    latest = current;
    const mapped = border.depart((params["argsMapper"] as Mapper | undefined)?.(args) ?? args);
    const load = async () => {
      current.loaded = { before: await border.before() };
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
    if (answered.loaded === undefined || answered !== latest) {
      progress.overlapped ||= answered !== latest || answered.isAnswered === true;
      if (!progress.overlapped) throw incompatible("the order of its steps (map, lock, send, unpack)");
      return answer;
    }
    const { before } = answered.loaded;
    answered.loaded = undefined;
    answered.isAnswered = true;
    const unpacked = (params["unpacker"] as Unpacker | undefined)?.(answer) ?? answer;
    return border.arrive(unpacked, before);
  };
  // A path of a fluent call is gone by our answer's hand: the whole row is needed first.
  const bound = { ...params, dataPath: [], argsMapper: depart };
  return Object.defineProperties(bound, {
    transaction: {
      enumerable: true,
      configurable: true,
      get: () => handle,
      set: (other: { readonly id?: unknown } | undefined) => {
        if (other !== undefined && other.id !== transaction.id) throw escaped(other.id);
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

/** The refusal of a call of which another extension has made two at the same moment. */
export function overlapping(call: string): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `An extension that comes after the event bus ran query(args) of ${call} again before it had been answered, so that it is ` +
      "not known what each of them changed; the transaction was aborted. Expected one after the other: let it await each.",
    { value: call },
  );
}

function escaped(id: unknown): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "An extension that comes after the event bus put this mutation into a transaction of its own, with query(args) in " +
      "$transaction([…]), so that its events could not be written with it. Nothing was written. Expected that this " +
      "extension opens an interactive transaction, $transaction(async (tx) => …), and calls the model of tx in it.",
    { value: id },
  );
}
