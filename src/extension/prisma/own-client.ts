import { branded, type Executor } from "../../outbox/executor.js";
import {
  type InternalClient,
  type LazyPromise,
  missingStep,
  type RequestFailure,
  type TransactionHandle,
} from "./internals.js";

const ownClients = new WeakMap<InternalClient, InternalClient>();

/**
 * The root client for transactions and statements of our own. Its transactions begin as calls alone do: at the isolation
 * level of the database, whatever the client's default for transactions is. Its errors come as the engine made
 * them: neither do they name a raw statement that nobody called, nor are they logged. Nor do its statements look for
 * the place that they are called from, which takes a stack trace each time.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE` when Prisma does not begin transactions so.
 */
export function ownClientOf(root: InternalClient): InternalClient {
  const known = ownClients.get(root);
  if (known !== undefined) return known;
  const transactionOptions = { ...root._engineConfig.transactionOptions, isolationLevel: undefined };
  const own = Object.create(root, {
    _engineConfig: { value: { ...root._engineConfig, transactionOptions } },
    ...quiet(root),
  }) as InternalClient;
  if (levelOf(own) !== NO_LEVEL) throw missingStep("isolationLevel");
  ownClients.set(root, own);
  return own;
}

/** A client whose errors stay as the engine made them: they name no call of the application, and are not logged. */
export function quietly(client: InternalClient): InternalClient {
  return Object.create(client, quiet(client)) as InternalClient;
}

function quiet(client: InternalClient): PropertyDescriptorMap {
  const handleAndLogRequestError = ({ error }: RequestFailure) => {
    throw error;
  };
  return {
    _errorFormat: { value: "minimal" },
    _requestHandler: {
      value: Object.create(client._requestHandler, {
        handleAndLogRequestError: { value: handleAndLogRequestError },
      }),
    },
  };
}

const NO_LEVEL = "none";

/** The isolation level at which a client begins transactions. Nothing is sent. */
function levelOf(client: InternalClient): unknown {
  let level: unknown;
  const asked = Object.create(client, {
    _tracingHelper: {
      value: { runInChildSpan: (_: unknown, run: () => unknown) => run(), getTraceParent: () => "" },
    },
    _engine: {
      value: {
        transaction: (_action: string, _headers: object, options: { readonly isolationLevel?: unknown }) => {
          level = options.isolationLevel ?? NO_LEVEL;
          return Promise.reject(new Error("asked only"));
        },
      },
    },
  }) as InternalClient;
  try {
    asked.$transaction(() => Promise.resolve()).catch(() => undefined);
  } catch (error) {
    throw missingStep("_tracingHelper", error);
  }
  return level;
}

const ownFailures = new WeakSet<object>();

/** Whether an error comes from a statement of ours, and is not yet in the form that the caller gets. */
export function isOwnFailure(error: unknown): boolean {
  return typeof error === "object" && error !== null && ownFailures.has(error);
}

/** Says that an error comes from a statement of ours. */
export function noteOwnFailure(error: unknown): void {
  if (typeof error === "object" && error !== null) ownFailures.add(error);
}

/** Runs statements on the root client, in `transaction` when one is given. */
export function executorIn(root: InternalClient, transaction: TransactionHandle | undefined): Executor {
  const own = ownClientOf(root);
  const within = async <T>(promise: LazyPromise<T>): Promise<T> => {
    try {
      return await (transaction === undefined ? promise : promise.requestTransaction(transaction));
    } catch (error) {
      noteOwnFailure(error);
      throw error;
    }
  };
  return branded(
    (sql, values) => within(own.$queryRawUnsafe(sql, ...values)),
    (sql, values) => within(own.$executeRawUnsafe(sql, ...values)),
  );
}

/** Runs a statement of which the result does not matter. */
export async function executeIn(
  root: InternalClient,
  transaction: TransactionHandle,
  sql: string,
): Promise<void> {
  await executorIn(root, transaction).execute?.(sql, []);
}
