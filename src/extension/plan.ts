import { mayNotRead, notCaptured } from "../capture/not-captured.js";
import type { Model } from "../models/model.js";
import {
  type OneRowOperation,
  WRITE_OPERATIONS,
  type WriteOperation,
  writesMany,
} from "../models/operations.js";
import type { CapturedOperation, ResolvedBusOptions, Rule } from "../registry/capture-rules.js";
import type { CallExtras } from "./call-extras.js";
import { knownCatalog } from "./catalog/catalog.js";
import type { Bus } from "./prisma/bus.js";
import type { CallArgs } from "./prisma/selection.js";
import { type EffectsPlan, planEffects } from "./relations/plan-effects.js";

/** What a call leads to, by what it does to the row. */
export type Plan = { readonly [Operation in CapturedOperation]: readonly Rule[] } & {
  /** Set when it may touch other rows that matter. */
  readonly far?: EffectsPlan | undefined;
};

/**
 * Which events a call leads to. Undefined: none, and nothing that it touches is captured, so that it can run as if
 * the extension were not there.
 *
 * @throws EventBusError `NOT_CAPTURED` when something would pass unseen.
 */
export function planCall(
  bus: Bus,
  model: Model,
  operation: WriteOperation,
  args: CallArgs,
  extras: CallExtras,
): Plan | undefined {
  const { options } = bus;
  const { changes } = WRITE_OPERATIONS[operation];
  const plan: Plan = {
    create: changes.includes("create") ? rulesFor(options, model, "create", extras) : [],
    update:
      changes.includes("update") && !extras.silentOnUpdate ? rulesFor(options, model, "update", extras) : [],
    delete: changes.includes("delete") ? rulesFor(options, model, "delete", extras) : [],
  };
  const isCaptured = plan.create.length + plan.update.length + plan.delete.length > 0;
  const far = createsMany(operation) ? undefined : planEffects(bus, model, eachOf(operation), args, plan);
  const matters = isCaptured || (far !== undefined && isReferredTo(bus, model));
  const isUnreadable = isCaptured && knownCatalog(bus)?.table(model)?.mayRead === false;
  if (matters && (isKeyless(model, operation) || isUnreadable)) {
    if (options.uncaptured.has(model.name)) return undefined;
    throw isUnreadable ? mayNotRead(model) : notCaptured(model, operation);
  }
  if (far !== undefined) return { ...plan, far };
  return isCaptured ? plan : undefined;
}

/** Rows that `createMany` writes have no nested writes, and nothing refers to them yet. */
function createsMany(operation: WriteOperation): boolean {
  return writesMany(operation) && WRITE_OPERATIONS[operation].change === "create";
}

function eachOf(operation: WriteOperation): OneRowOperation {
  return writesMany(operation) ? WRITE_OPERATIONS[operation].change : operation;
}

/** Whether a call writes rows that cannot be told apart before and after. */
function isKeyless(model: Model, operation: WriteOperation): boolean {
  return writesMany(operation) && model.identity === undefined && !createsMany(operation);
}

function isReferredTo({ models }: Bus, { name }: Model): boolean {
  return Array.from(models.values()).some((holder) =>
    Array.from(holder.relations.values()).some(
      (relation) => relation.model === name && relation.fields.length > 0,
    ),
  );
}

/** The rules that are declared, and the call's own events; an event that both name is published once. */
function rulesFor(
  options: ResolvedBusOptions,
  model: Model,
  operation: CapturedOperation,
  extras: CallExtras,
): readonly Rule[] {
  const declared = options.rules.get(model.name)?.[operation] ?? [];
  if (extras.events.length === 0) return declared;
  const called = new Map(extras.events.map((event) => [event.name, event]));
  return [
    // The call names it: no condition of a rule holds it back.
    ...Array.from(called.values(), (event) => ({ event, when: undefined })),
    ...declared.filter((rule) => !called.has(rule.event.name)),
  ];
}
