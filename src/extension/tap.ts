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
}

interface Handle {
  kind: "itx" | "batch";
  readonly id: string;
  lock?: PromiseLike<void>;
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
  let loaded: { readonly before: Before } | undefined;
  const depart: Mapper = (args) => {
    const departing = handle;
    handle = { ...transaction };
    loaded = undefined;
    const mapped = border.depart((params["argsMapper"] as Mapper | undefined)?.(args) ?? args);
    const load = async () => {
      loaded = { before: await border.before() };
      departing.kind = "itx";
      delete departing.lock;
      progress.asked = true;
    };
    departing.kind = "batch";
    // biome-ignore lint/suspicious/noThenProperty: awaited by Prisma, and only when the arguments are valid
    departing.lock = { then: (onDone, onError) => load().then(onDone, onError) };
    return mapped;
  };
  const arrive: Unpacker = (answer) => {
    progress.arrived = true;
    if (loaded === undefined) throw incompatible("the order of its steps (map, lock, send, unpack)");
    const { before } = loaded;
    const unpacked = (params["unpacker"] as Unpacker | undefined)?.(answer) ?? answer;
    return border.arrive(unpacked, before);
  };
  // A path of a fluent call is gone by our answer's hand: the whole row is needed first.
  const bound = { ...params, dataPath: [], argsMapper: depart, unpacker: arrive };
  return Object.defineProperty(bound, "transaction", {
    enumerable: true,
    configurable: true,
    get: () => handle,
    set: (other: { readonly id?: unknown } | undefined) => {
      if (other !== undefined && other.id !== transaction.id) throw escaped(other.id);
    },
  }) as InternalParams;
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
