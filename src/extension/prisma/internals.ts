// What Prisma does not document of its clients: see steps.ts. It is looked for before anything is written: where a step is
// missing, the extension refuses to run instead of writing outside of the transaction.
import { EventBusError } from "../../errors.js";
import type { RuntimeDataModel } from "../../models/read-models.js";
import type { ExtensionList } from "./extensions.js";
import { PRIVATE_STEPS, type PrivateStepName } from "./steps.js";

/** An interactive transaction that is open. */
export interface TransactionHandle {
  readonly kind: "itx";
  readonly id: string;
}

/** A place in a batch `$transaction([…])`. */
export interface BatchHandle {
  readonly kind: "batch";
  readonly id: number | string;
}

/** What Prisma passes to query hooks beside the documented parameters. */
export interface InternalParams {
  transaction?: TransactionHandle | BatchHandle | undefined;
  /** For fluent calls the path to what the caller gets: `["select", "posts"]`. */
  dataPath: readonly string[];
  readonly [key: string]: unknown;
}

const OURS = Symbol("ex-event-bus.ours");

/** Parameters of which the query is a part of a captured call, and was queued with that. */
export function asOurs<P extends object>(params: P): P {
  return Object.defineProperty(params, OURS, { value: true, enumerable: true });
}

/** Whether a query is a part of a captured call, see {@link asOurs}. */
export function isOurs(params: object): boolean {
  return OURS in params;
}

/** What Prisma's methods return: starts when it is awaited, or when a transaction is requested for it. */
export interface LazyPromise<T = unknown> extends Promise<T> {
  requestTransaction(transaction: object): Promise<T>;
  readonly spec?: { readonly model?: string; readonly action?: string } | undefined;
}

/** An error on its way to the caller, and the call that it is told of. */
export interface RequestFailure {
  readonly error: unknown;
  readonly clientMethod: unknown;
  readonly callsite?: unknown;
  readonly args?: unknown;
  readonly modelName?: unknown;
  readonly globalOmit?: unknown;
}

/** A client of any kind: base, extended, or of a transaction. */
export interface InternalClient {
  readonly $parent?: InternalClient;
  /** The client without extensions, of clients of transactions too. */
  readonly _originalClient?: InternalClient;
  readonly _runtimeDataModel: RuntimeDataModel;
  readonly _engineConfig: {
    readonly inlineSchema: string;
    readonly adapter?: AdapterFactory;
    readonly transactionOptions?: TransactionLimits & { readonly isolationLevel?: string | undefined };
  };
  readonly _globalOmit?: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  readonly _clientVersion: string;
  readonly _previewFeatures?: readonly string[];
  readonly _extensions?: ExtensionList;
  readonly _engine?: unknown;
  readonly _appliedParent?: InternalClient;
  readonly _requestHandler: {
    /** Throws what the caller gets: in the right class, with what the message begins with, and logged. */
    handleAndLogRequestError?(failure: RequestFailure): never;
  };
  _createItxClient(transaction: TransactionHandle, scopeId: unknown, scopeState: unknown): InternalClient;
  _request(params: object): Promise<unknown>;
  _executeRequest(request: object): Promise<unknown>;
  _createPrismaPromise<T>(run: (transaction?: TransactionHandle | BatchHandle) => Promise<T>): LazyPromise<T>;
  $queryRawUnsafe(sql: string, ...values: readonly unknown[]): LazyPromise<readonly object[]>;
  $executeRawUnsafe(sql: string, ...values: readonly unknown[]): LazyPromise<number>;
  $transaction(input: unknown, options?: unknown): Promise<unknown>;
  $extends(extension: object): unknown;
}

/** Limits of a transaction, in milliseconds, as Prisma names them. */
export interface TransactionLimits {
  readonly maxWait?: number;
  readonly timeout?: number;
}

/** A driver adapter. */
export interface AdapterFactory {
  readonly options?: { readonly schema?: string };
  connect(): Promise<{ getConnectionInfo?(): { readonly schemaName?: string }; dispose(): Promise<void> }>;
}

/** More extensions than a client has. The parents of a client of a transaction have no end. */
const MOST_EXTENSIONS = 10_000;

/** The client without any extension: what runs on it meets no other extension's hooks. */
export function rootOf(client: InternalClient): InternalClient {
  let root = client;
  for (let steps = 0; steps < MOST_EXTENSIONS; steps++) {
    if (root.$parent === root) return root;
    if (root.$parent === undefined) break;
    root = root.$parent;
  }
  throw missingStep("$parent");
}

/** The transaction that a client is bound to; undefined for a client outside of one. */
export function transactionOf(client: InternalClient): TransactionHandle | BatchHandle | undefined {
  let handle: TransactionHandle | BatchHandle | undefined;
  const probe = client._createPrismaPromise((transaction) => {
    handle = transaction;
    return Promise.resolve();
  });
  // Its function runs at once; nothing is sent to the database.
  void probe.then(() => undefined);
  return handle;
}

/** The transaction of a client that `$transaction` has just handed out. */
export function ownTransactionOf(client: InternalClient): TransactionHandle {
  const handle = transactionOf(client);
  if (handle?.kind === "itx" && typeof handle.id === "string") return handle;
  throw missingStep(handle === undefined ? "_createPrismaPromise" : "kind");
}

/**
 * Runs a query of Prisma's own in `transaction`, past the hooks of all extensions.
 *
 * @param client its computed fields say what has to be read, of related rows too.
 * @param like the parameters of the call that it is part of: errors name that one, and the place it was called from.
 */
export function requestIn(
  client: InternalClient,
  transaction: TransactionHandle,
  like: InternalParams,
  action: string,
  args: object,
): Promise<unknown> {
  const { model, clientMethod, jsModelName, callsite, otelParentCtx } = like;
  // Past whatever an extension of ours has put around it.
  return (client._originalClient ?? client)._executeRequest.call(client, {
    model,
    clientMethod,
    jsModelName,
    callsite,
    otelParentCtx,
    action,
    args,
    dataPath: [],
    transaction,
  });
}

/** Whether a value is `Prisma.skip`, of whichever generated client; a field of a model may be named like its method. */
export function isSkipped(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "ifUndefined" in value &&
    typeof value.ifUndefined === "function" &&
    !Object.hasOwn(value, "ifUndefined")
  );
}

/** Whether an argument is given: Prisma leaves out `undefined` and `Prisma.skip`. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && !isSkipped(value);
}

/** What clients of one database share. */
export function catalogOwner(root: InternalClient): object {
  return root._engineConfig.adapter ?? root;
}

const EXPECTED = "Expected @prisma/client >=7.10 <8 with a driver adapter for PostgreSQL.";

/** The error for something that is not as the extension expects it. */
export function incompatible(missing: string): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `This Prisma client does not have ${missing}, without which events could be written outside of the mutation's ` +
      `transaction. ${EXPECTED}`,
    { value: missing },
  );
}

/** The error for a step that Prisma does not take, or not as it is relied on. */
export function missingStep(step: PrivateStepName, cause?: unknown): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `This Prisma client does not take the step "${step}" as the extension relies on it, so that events could be written ` +
      `outside of the mutation's transaction, or not at all. Expected that it ${PRIVATE_STEPS[step].does}. ${EXPECTED}`,
    { value: step, cause },
  );
}
