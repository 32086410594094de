import { isEventBusError } from "../../errors.js";
import { writtenData } from "../../models/operations.js";
import type { Plan } from "../plan.js";
import type { Bus } from "../prisma/bus.js";
import { callerOf } from "../prisma/caller.js";
import { type InternalParams, requestIn, type TransactionHandle } from "../prisma/internals.js";
import type { PinnedData } from "../relations/pin-to-locked-rows.js";
import { type RelatedBefore, readRelatedBefore } from "../relations/read-related.js";
import { hasFurtherConditions } from "../rows/unique-match.js";
import { changedFields, writesKey, writtenFields } from "../rows/written-fields.js";
import { loadBefore, type Past, type RowCall } from "./before-row.js";

/** What is known before a query is sent. */
export interface Loaded {
  readonly past: Past;
  readonly far: RelatedBefore | undefined;
}

/** Reads and locks the row that the call is going to change, as Prisma will find it. */
export async function loadRow(
  bus: Bus,
  transaction: TransactionHandle,
  call: RowCall,
  params: InternalParams,
): Promise<Past> {
  const found = await loadBefore(bus, transaction, call, params);
  const isMet = await meetsConditions(bus, transaction, params, call, found);
  return isMet ? found : { ...found, row: undefined };
}

/**
 * Whether Prisma will take the row with the key of an upsert for the one to update: it creates another one where
 * further conditions are not met. Asked only where other rows depend on it, or the call writes the key.
 */
async function meetsConditions(
  bus: Bus,
  transaction: TransactionHandle,
  params: InternalParams,
  { model, operation, args, isPastNeeded }: RowCall,
  { row, match }: Past,
): Promise<boolean> {
  const { where } = args;
  if (operation !== "upsert" || row === undefined || match === undefined) return true;
  if (!hasFurtherConditions(where, match)) return true;
  // Else the keys of the row and of the answer tell.
  if (!isPastNeeded && !writesKey(model, args["update"])) return true;
  const select = Object.fromEntries(match.key.fields.map((field) => [field, true]));
  return (
    (await requestIn(callerOf(bus, params), transaction, params, "findUnique", { where, select })) !== null
  );
}

/** Reads and locks the other rows that the call may touch, once it is clear whether it creates or changes. */
export async function loadFar(
  bus: Bus,
  transaction: TransactionHandle,
  { model, operation, args }: RowCall,
  { row, isKnown }: Past,
  plan: Plan | undefined,
  kept: PinnedData["pins"],
  params: InternalParams,
): Promise<RelatedBefore | undefined> {
  if (plan?.far === undefined) return undefined;
  // There is nothing to write to: Prisma says so.
  if (row === undefined && isKnown && operation !== "upsert") {
    for (const one of kept.values()) one.leave?.();
    return undefined;
  }
  const { create, update } = writtenData(operation, args);
  const written = row === undefined ? writtenFields(model, create) : changedFields(model, row, update);
  const node = row === undefined ? plan.far.create : plan.far.update;
  const goes = operation === "delete";
  try {
    return await readRelatedBefore(
      bus,
      transaction,
      { model, row, isDeleted: goes, written, node, pins: kept },
      params,
    );
  } catch (error) {
    if (isEventBusError(error, "TOO_MANY_ROWS") && bus.options.uncaptured.has(model.name)) return undefined;
    throw error;
  }
}
