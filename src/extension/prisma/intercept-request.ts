import { EventBusError } from "../../errors.js";
import { type CallHandle, lockHandle } from "./batch-handle.js";
import { asOurs, type InternalParams, missingStep, type TransactionHandle } from "./internals.js";
import type { CallArgs } from "./selection.js";

/** What is done where a query leaves Prisma for the database, and where its answer comes back. */
export interface RequestSteps<Before> {
  /** The arguments as they are sent. May refuse. */
  readonly map: (args: CallArgs) => CallArgs;
  /** Runs in the transaction just before the query is sent. */
  readonly before: () => Promise<Before>;
  /** Whether rows are read after the answer, for which what another extension has set must still hold. */
  readonly readsAfterwards?: () => boolean;
  /** Gets the database's own answer; what it returns is what hooks of extensions and the caller get. */
  readonly unpack: (answer: unknown, before: Before) => unknown;
}

/** How far a query went. */
export interface Progress {
  /** It was handed to Prisma's engine. */
  isSent: boolean;
  /** The engine answered; with what was made of that. */
  answer: { readonly value: unknown } | undefined;
}

/** The place that a query has among statements of another extension. */
export interface SharedPlace {
  readonly isLast: boolean;
  /** Fulfilled when everything before it has run. */
  readonly ready: Promise<void>;
}

/** What is around the transaction of a query. */
export interface Surroundings {
  /**
   * Another extension has put the query into a batch. Has that batch run in `transaction`; undefined: that cannot be.
   *
   * @param after the place in which it was until now.
   */
  join(
    handle: object,
    transaction: TransactionHandle,
    after: SharedPlace | undefined,
  ): SharedPlace | undefined;
  /** What is thrown for a statement that failed before the query was sent. */
  failed(error: unknown): unknown;
}

/** One time that the engine is asked. */
interface Request<Before> {
  loaded: { readonly before: Before } | undefined;
}

type Mapper = (args: CallArgs) => CallArgs;
type Unpacker = (answer: unknown) => unknown;

/**
 * Parameters that run a query in `transaction`, and take `steps` where it meets the database.
 *
 * Prisma maps the arguments, awaits the lock of a batch, sends the query and unpacks the answer, in this order: the
 * mapper turns the transaction into a batch, and the lock of that takes our step and turns it back.
 */
export function interceptRequest<Before>(
  params: InternalParams,
  transaction: TransactionHandle,
  steps: RequestSteps<Before>,
  progress: Progress,
  surroundings: Surroundings | undefined,
): InternalParams {
  let handle: CallHandle = { ...transaction };
  // It may be asked again, for less. Prisma reads the unpacker just before it maps.
  let request: Request<Before> = { loaded: undefined };
  let latest = request;
  let place: SharedPlace | undefined;
  const map: Mapper = (args) => {
    const departing = handle;
    handle = { ...transaction };
    const current = request;
    const shared = place;
    place = undefined;
    current.loaded = undefined;
    latest = current;
    const mapped = steps.map((params["argsMapper"] as Mapper | undefined)?.(args) ?? args);
    const opens = async () => {
      await shared?.ready;
      if (shared?.isLast === false && steps.readsAfterwards?.() === true) throw notLast();
      const before = await steps.before().catch((error: unknown) => {
        throw surroundings === undefined ? error : surroundings.failed(error);
      });
      current.loaded = { before };
      progress.isSent = true;
      return transaction;
    };
    lockHandle(departing, { opens });
    return mapped;
  };
  const unpack = (answered: Request<Before>, answer: unknown): unknown => {
    progress.answer = { value: undefined };
    if (answered.loaded === undefined || answered !== latest) throw missingStep("lock");
    const { before } = answered.loaded;
    answered.loaded = undefined;
    const unpacked = (params["unpacker"] as Unpacker | undefined)?.(answer) ?? answer;
    progress.answer = { value: steps.unpack(unpacked, before) };
    return progress.answer.value;
  };
  // The whole row is needed, whatever the path of a fluent call leads to.
  const bound = asOurs(Object.assign({}, params, { dataPath: [], argsMapper: map }));
  return Object.defineProperties(bound, {
    transaction: {
      enumerable: true,
      configurable: true,
      get: () => handle,
      set: (other: { readonly id?: unknown } | undefined) => {
        if (other === undefined || other.id === transaction.id) return;
        place = surroundings?.join(other, transaction, place);
        if (place === undefined) throw escaped(other.id);
      },
    },
    unpacker: {
      enumerable: true,
      configurable: true,
      get: (): Unpacker => {
        const next: Request<Before> = { loaded: undefined };
        request = next;
        return (answer) => unpack(next, answer);
      },
    },
  }) as unknown as InternalParams;
}

/**
 * @throws EventBusError `PRISMA_INCOMPATIBLE` when a result is not what our own step has made of the database's answer.
 */
export function assertUnpacked(result: unknown, { answer }: Progress): void {
  if (answer === undefined || !Object.is(answer.value, result)) throw missingStep("unpacker");
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
