// The only file that touches what Prisma does not document. Everything that it uses is probed when the extension
// is made: where something is missing, the extension refuses to run instead of writing outside of the transaction.
import { EventBusError } from "../errors.js";
import { branded, type Executor } from "../outbox/executor.js";
import type { RuntimeDataModel } from "./schema/read-models.js";

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

/** What Prisma's methods return: starts when it is awaited, or when a transaction is requested for it. */
export interface LazyPromise<T = unknown> extends Promise<T> {
  requestTransaction(transaction: object): Promise<T>;
  readonly spec?: { readonly model?: string; readonly action?: string } | undefined;
}

/** A client of any kind: base, extended, or of a transaction. */
export interface InternalClient {
  readonly $parent?: InternalClient;
  readonly _runtimeDataModel: RuntimeDataModel;
  readonly _engineConfig: {
    readonly inlineSchema: string;
    readonly adapter?: AdapterFactory;
    readonly transactionOptions?: TransactionLimits;
  };
  readonly _globalOmit?: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  readonly _clientVersion: string;
  readonly _extensions?: {
    getAllComputedFields?(
      model: string,
    ): Readonly<Record<string, { readonly needs: readonly string[] }>> | undefined;
  };
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

interface AdapterFactory {
  readonly options?: { readonly schema?: string };
  connect(): Promise<{ getConnectionInfo?(): { readonly schemaName?: string }; dispose(): Promise<void> }>;
}

/** More extensions than anybody has. The parents of a client of a transaction have no end. */
const MOST_EXTENSIONS = 10_000;

/** The client without any extension: what runs on it meets no other extension's hooks. */
export function rootOf(client: InternalClient): InternalClient {
  let root = client;
  for (let steps = 0; steps < MOST_EXTENSIONS; steps++) {
    if (root.$parent === undefined || root.$parent === root) return root;
    root = root.$parent;
  }
  throw incompatible("an end of its parents ($parent)");
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
  throw incompatible("the transaction of a transaction's client");
}

/** Runs statements on the root client, in `transaction` when one is given. */
export function executorIn(root: InternalClient, transaction: TransactionHandle | undefined): Executor {
  const within = <T>(promise: LazyPromise<T>) =>
    transaction === undefined ? promise : promise.requestTransaction(transaction);
  return branded(
    (sql, values) => within(root.$queryRawUnsafe(sql, ...values)),
    (sql, values) => within(root.$executeRawUnsafe(sql, ...values)),
  );
}

/** Runs a statement of which the result does not matter. */
export async function executeIn(
  root: InternalClient,
  transaction: TransactionHandle,
  sql: string,
): Promise<void> {
  await root.$executeRawUnsafe(sql).requestTransaction(transaction);
}

/**
 * Runs a query of Prisma's own in `transaction`, past the hooks of all extensions.
 *
 * @param client its computed fields say what has to be read of related rows.
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
  return client._executeRequest({
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

/** Whether a value is `Prisma.skip`, of whichever generated client. */
export function isSkipped(value: unknown): boolean {
  return typeof value === "object" && value !== null && "ifUndefined" in value;
}

const tappable = new WeakMap<InternalClient, Promise<boolean>>();

/**
 * Whether Prisma still maps the arguments and unpacks the answer by the functions in a query's parameters. Asked with
 * a statement, once for each client, and only when there is doubt.
 */
export function canTap(root: InternalClient, transaction: TransactionHandle): Promise<boolean> {
  const known = tappable.get(root) ?? tryTap(root, transaction);
  tappable.set(root, known);
  known.catch(() => tappable.delete(root));
  return known;
}

async function tryTap(root: InternalClient, transaction: TransactionHandle): Promise<boolean> {
  const steps: string[] = [];
  const tapping = root.$extends({
    query: {
      $queryRawUnsafe: (call: {
        readonly args: unknown;
        readonly query: (args: unknown, params: InternalParams) => LazyPromise;
        readonly __internalParams: InternalParams;
      }) => {
        const { argsMapper } = call.__internalParams as { readonly argsMapper?: (args: unknown) => unknown };
        return call.query(call.args, {
          ...call.__internalParams,
          argsMapper: (args: unknown) => {
            steps.push("map");
            return argsMapper?.(args) ?? args;
          },
          unpacker: (answer: unknown) => {
            steps.push("unpack");
            return answer;
          },
        });
      },
    },
  }) as InternalClient;
  await tapping.$queryRawUnsafe("select 1").requestTransaction(transaction);
  return steps.join() === "map,unpack";
}

/** The columns that computed fields of the extensions before this one read. */
export function computedNeedsOf(client: InternalClient, model: string): readonly string[] {
  return Object.values(client._extensions?.getAllComputedFields?.(model) ?? {}).flatMap(
    (field) => field.needs,
  );
}

/** What Prisma allows a transaction when nobody says otherwise. */
const PRISMA_LIMITS = { maxWait: 2_000, timeout: 5_000 };

/**
 * Limits for a batch that becomes an interactive transaction and takes longer than as a batch: the client's, where it
 * was given any, else ours.
 */
export function batchLimits(
  root: InternalClient,
  ours: { readonly maxWaitMs: number; readonly timeoutMs: number },
): TransactionLimits {
  const { maxWait, timeout } = root._engineConfig.transactionOptions ?? {};
  return {
    ...(maxWait === PRISMA_LIMITS.maxWait ? { maxWait: ours.maxWaitMs } : {}),
    ...(timeout === PRISMA_LIMITS.timeout ? { timeout: ours.timeoutMs } : {}),
  };
}

/** How long an interactive transaction of this client may take when its caller does not say. */
export function transactionTimeoutMs(client: InternalClient): number {
  return client._engineConfig.transactionOptions?.timeout ?? PRISMA_LIMITS.timeout;
}

const schemas = new WeakMap<object, Promise<string>>();

/** The PostgreSQL schema in which Prisma finds the tables of models without `@@schema`. */
export function connectionSchema(root: InternalClient): Promise<string> {
  const adapter = root._engineConfig.adapter;
  if (adapter === undefined) return Promise.resolve("public");
  const known = schemas.get(adapter);
  if (known !== undefined) return known;
  const schema = askAdapter(adapter);
  schemas.set(adapter, schema);
  schema.catch(() => schemas.delete(adapter));
  return schema;
}

async function askAdapter(adapter: AdapterFactory): Promise<string> {
  // Prisma's adapters keep their options; connecting one that was given a pool could end that pool.
  if ("options" in adapter) return adapter.options?.schema ?? "public";
  const connection = await adapter.connect();
  try {
    return connection.getConnectionInfo?.().schemaName ?? "public";
  } finally {
    await connection.dispose();
  }
}

/**
 * @throws EventBusError `PRISMA_INCOMPATIBLE` when something is missing on which the extension depends.
 */
export function probe(client: unknown): asserts client is InternalClient {
  const root = rootOf(client as InternalClient);
  if (typeof root._runtimeDataModel?.models !== "object")
    throw incompatible("the data model (_runtimeDataModel)");
  if (typeof root._engineConfig?.inlineSchema !== "string")
    throw incompatible("the schema (_engineConfig.inlineSchema)");
  if (typeof root._createPrismaPromise !== "function") throw incompatible("_createPrismaPromise");
  if (typeof root._executeRequest !== "function") throw incompatible("_executeRequest");
  const [major = 0, minor = 0] = String(root._clientVersion).split(".").map(Number);
  if (major !== 7 || minor < 5) throw incompatible("a version from 7.5 to below 8");
  // Not awaited, so not sent.
  const lazy: Partial<LazyPromise> = root.$queryRawUnsafe("select 1");
  if (typeof lazy.requestTransaction !== "function") throw incompatible("requestTransaction of its promises");
  if (transactionOf(root) !== undefined) throw incompatible("a base client outside of a transaction");
}

export function incompatible(missing: string): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `This Prisma client does not have ${missing}, without which events could be written outside of the mutation's ` +
      "transaction. Expected @prisma/client >=7.5 <8 with a driver adapter for PostgreSQL.",
    { value: missing },
  );
}
