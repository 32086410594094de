import type { RowChange } from "../../capture/row-change.js";
import { isEventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { WRITE_OPERATIONS, writtenData } from "../../models/operations.js";
import type { Bus } from "../prisma/bus.js";
import type { InternalParams, TransactionHandle } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import { type PinnedData, pinToLockedRows } from "../relations/pin-to-locked-rows.js";
import type { EffectsPlan } from "../relations/plan-effects.js";
import { createsRelatedFirst, mayFailPartway } from "../relations/plan-effects.js";
import { type RelatedBefore, readRelatedBefore } from "../relations/read-related.js";
import { relatedChanges } from "../relations/related-changes.js";
import { LostRace } from "../rows/lost-race.js";
import { changedFields, writtenFields } from "../rows/written-fields.js";
import type { Past, RowCall } from "./mutation.js";

// What calls need that touch other rows than their own. No other call comes here, nor to relations/.

/** Arguments with which nested writes keep to the rows that will be locked. */
export function pinnedArgs(
  { model, operation }: Pick<RowCall, "model" | "operation">,
  args: CallArgs,
  effects: EffectsPlan,
): { readonly args: CallArgs; readonly pins: PinnedData["pins"] } {
  const { updateKey } = WRITE_OPERATIONS[operation];
  const { data, pins } = pinToLockedRows(model, effects.update, writtenData(operation, args).update);
  return { args: pins.size === 0 || updateKey === undefined ? args : { ...args, [updateKey]: data }, pins };
}

/** Reads and locks the other rows that the call may touch, once it is clear whether it creates or changes. */
export async function readRelated(
  bus: Bus,
  transaction: TransactionHandle,
  { model, operation, args }: RowCall,
  { row, isKnown }: Past,
  effects: EffectsPlan,
  pins: PinnedData["pins"],
  params: InternalParams,
): Promise<RelatedBefore | undefined> {
  // There is nothing to write to: Prisma says so.
  if (row === undefined && isKnown && operation !== "upsert") {
    for (const pin of pins.values()) pin.leave?.();
    return undefined;
  }
  const { create, update } = writtenData(operation, args);
  const written = row === undefined ? writtenFields(model, create) : changedFields(model, row, update);
  const node = row === undefined ? effects.create : effects.update;
  try {
    return await readRelatedBefore(
      bus,
      transaction,
      { model, row, isDeleted: operation === "delete", written, node, pins },
      params,
    );
  } catch (error) {
    if (isEventBusError(error, "TOO_MANY_ROWS") && bus.options.uncaptured.has(model.name)) return undefined;
    throw error;
  }
}

/**
 * What a call did to its own row and to the others that it touched, in the order of their events.
 *
 * @throws LostRace when what was read beforehand is of another row.
 */
export async function changesWithEffects(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  own: RowChange,
  before: RelatedBefore,
): Promise<readonly RowChange[]> {
  // What was read beforehand is of the row that did meet the conditions of an upsert until then.
  if (own.operation === "create" && before.call.row !== undefined) {
    if (before.call.node === undefined) return [own];
    throw new LostRace();
  }
  const { rules } = bus.options;
  return relatedChanges(bus, transaction, before, own.after, (operation) =>
    operation === own.operation ? own.rules : (rules.get(model.name)?.[operation] ?? []),
  );
}

/** Whether a call that found nothing to write to may have written something before. */
export function mayBeHalfDone({ models }: Bus, call: RowCall, past: Past | undefined): boolean {
  const { model, operation, args } = call;
  const isMissing =
    operation === "update" &&
    past?.isKnown === true &&
    past.row === undefined &&
    !createsRelatedFirst(models, model, args);
  return !isMissing && mayFailPartway(models, model, operation, args);
}
