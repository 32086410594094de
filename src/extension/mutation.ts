import { EventBusError } from "../errors.js";
import type { Bus } from "./bus.js";
import type { CallExtras } from "./call-extras.js";
import type { CapturableCall, Plan } from "./plan.js";
import {
  type InternalParams,
  isValidationError,
  type LazyPromise,
  type TransactionHandle,
} from "./prisma-internals.js";
import type { Model } from "./schema/model.js";
import { type CallArgs, hideUnselected, scalarsOf, selectAllScalars } from "./selection.js";

/** A captured call on its way to the database. */
export interface Mutation {
  readonly model: Model;
  readonly operation: CapturableCall;
  readonly args: CallArgs;
  readonly extras: CallExtras;
  readonly plan: Plan;
  readonly params: InternalParams;
  /** Goes on to the extensions after this one, and to the database. */
  readonly query: (args: CallArgs, params: InternalParams) => LazyPromise;
}

/** What a mutation did. */
export interface Written {
  /** What the caller gets. */
  readonly result: unknown;
  /** The whole row; for a delete the row that went. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Runs the mutation in `transaction`, such that its own answer is the whole row. */
export async function write(bus: Bus, transaction: TransactionHandle, mutation: Mutation): Promise<Written> {
  const { model, args, params } = mutation;
  const answer = await run(mutation, transaction);
  const row = answer as Record<string, unknown>;
  const scalars = scalarsOf(model, row);
  // A fluent call gets the relation at the end of its path instead of the row.
  const path = params.dataPath.filter((_, index) => index % 2 === 1);
  if (path.length > 0) {
    return {
      result: path.reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], row),
      row: scalars,
    };
  }
  hideUnselected(model, args, bus.root._globalOmit?.[model.jsName], row);
  return { result: row, row: scalars };
}

async function run(mutation: Mutation, transaction: TransactionHandle): Promise<unknown> {
  const { model, args, params, query } = mutation;
  try {
    // Without a data path Prisma answers with the whole row, of which the path is taken afterwards.
    return await query(selectAllScalars(model, args), boundTo({ ...params, dataPath: [] }, transaction));
  } catch (error) {
    // The message shows the arguments: those of the caller, not ours. Nothing was sent yet.
    if (isValidationError(error)) await query(args, boundTo(params, transaction));
    throw error;
  }
}

/** Parameters that cannot leave the transaction: another extension that tries gets an error, not a lost event. */
function boundTo(params: InternalParams, transaction: TransactionHandle): InternalParams {
  const bound = { ...params };
  Object.defineProperty(bound, "transaction", {
    enumerable: true,
    configurable: true,
    get: () => transaction,
    set: (other: { readonly id?: unknown } | undefined) => {
      if (other === undefined || other.id === transaction.id) return;
      throw new EventBusError(
        "TRANSACTION_ESCAPED",
        "An extension that comes after the event bus moved this mutation into a transaction of its own, so that its " +
          "events could not be written with it. Expected that it stays in its transaction: extend the client with the " +
          "event bus after that extension, or wrap the call in prisma.$transaction(async (tx) => …).",
        { value: other.id },
      );
    },
  });
  return bound;
}
