// The parts of a client that other folders ask for.
import type { RuntimeDataModel } from "../../models/read-models.js";
import { type ExtensionList, transactionScopeOf } from "./extensions.js";
import {
  type BatchHandle,
  type InternalClient,
  type LazyPromise,
  ownTransactionOf,
  type TransactionHandle,
  type TransactionLimits,
} from "./internals.js";

/** What a client knows of its schema: the models as they were generated, and the text. */
export function schemaOf(client: InternalClient): {
  readonly models: RuntimeDataModel;
  readonly text: string;
} {
  return { models: client._runtimeDataModel, text: client._engineConfig.inlineSchema };
}

/** Limits of transactions as the client was given them, with Prisma's own where it was given none. */
export function transactionOptionsOf(client: InternalClient): TransactionLimits {
  return client._engineConfig.transactionOptions ?? {};
}

/** The client without extensions that it was made of, in the transaction that it is in. */
export function withoutExtensions(client: InternalClient): InternalClient {
  return client._originalClient ?? client;
}

/** The same for all clients with the same extensions. */
export function extensionsOf(client: InternalClient): ExtensionList | InternalClient {
  return client._extensions ?? client;
}

/** Whether two clients send to one database with one pool. */
export function sharesEngine(one: InternalClient, other: InternalClient): boolean {
  return one._engine === other._engine;
}

/** Whether a value is a Prisma client of any kind. */
export function isClient(value: unknown): value is InternalClient {
  return (
    typeof value === "object" &&
    value !== null &&
    "_engineConfig" in value &&
    "_runtimeDataModel" in value &&
    "_createPrismaPromise" in value
  );
}

/** The client that the client of a transaction was made of. */
export function madeOf(inner: InternalClient): InternalClient {
  return inner._originalClient?._appliedParent ?? inner;
}

/** `client` in the transaction that another client, `inner`, is in. */
export function clientWithin(client: InternalClient, inner: InternalClient): InternalClient {
  const { scopeId, scopeState } = transactionScopeOf(inner);
  return client._createItxClient(ownTransactionOf(inner), scopeId, scopeState);
}

/** A promise as those of a client's own methods: in its transaction, in a batch, and started when it is awaited. */
export function lazily<T>(
  client: InternalClient,
  run: (handle: TransactionHandle | BatchHandle | undefined) => Promise<T>,
): LazyPromise<T> {
  return client._createPrismaPromise(run);
}
