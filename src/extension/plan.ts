import { mayNotRead, notCaptured } from "../capture/not-captured.js";
import type { Model } from "../models/model.js";
import type { CapturedOperation, ResolvedBusOptions, Rule } from "../registry/capture-rules.js";
import type { CallExtras } from "./call-extras.js";
import { knownCatalog } from "./catalog/catalog.js";
import type { Bus } from "./prisma/bus.js";
import type { CallArgs } from "./prisma/selection.js";
import { type FarPlan, planFar } from "./relations/plan-far.js";

/** The operations that write, and what they can do to a row. */
export const WRITES = {
  create: ["create"],
  createMany: ["create"],
  createManyAndReturn: ["create"],
  update: ["update"],
  updateMany: ["update"],
  updateManyAndReturn: ["update"],
  upsert: ["create", "update"],
  delete: ["delete"],
  deleteMany: ["delete"],
} as const satisfies Readonly<Record<string, readonly CapturedOperation[]>>;

export type WriteOperation = keyof typeof WRITES;

/** The operations that write one row. */
export type CapturableCall = "create" | "update" | "upsert" | "delete";

/** Those that write any number of rows. */
export type BulkOperation = Exclude<WriteOperation, CapturableCall>;

/** What a call leads to, by what it does to the row. */
export type Plan = { readonly [Operation in CapturedOperation]: readonly Rule[] } & {
  /** Set when it may touch other rows that matter. */
  readonly far?: FarPlan | undefined;
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
  const kinds: readonly CapturedOperation[] = WRITES[operation];
  const plan: Plan = {
    create: kinds.includes("create") ? rulesFor(options, model, "create", extras) : [],
    update:
      kinds.includes("update") && !extras.silentOnUpdate ? rulesFor(options, model, "update", extras) : [],
    delete: kinds.includes("delete") ? rulesFor(options, model, "delete", extras) : [],
  };
  const isCaptured = plan.create.length + plan.update.length + plan.delete.length > 0;
  const far =
    isBulk(operation) && kinds.includes("create")
      ? undefined
      : planFar(bus, model, kindOf(operation), args, plan);
  const matters = isCaptured || (far !== undefined && isReferredTo(bus, model));
  const isUnreadable = isCaptured && knownCatalog(bus)?.table(model)?.mayRead === false;
  if (matters && (isKeyless(model, operation) || isUnreadable)) {
    if (options.uncaptured.has(model.name)) return undefined;
    throw isUnreadable ? mayNotRead(model) : notCaptured(model, operation);
  }
  if (far !== undefined) return { ...plan, far };
  return isCaptured ? plan : undefined;
}

/** Whether a call writes any number of rows. */
export function isBulk(operation: WriteOperation): operation is BulkOperation {
  return operation.includes("Many");
}

/** What it does to each of its rows. */
function kindOf(operation: WriteOperation): CapturableCall {
  return isBulk(operation) ? WRITES[operation][0] : operation;
}

/** Whether a call writes rows that cannot be told apart before and after. */
function isKeyless(model: Model, operation: WriteOperation): boolean {
  return isBulk(operation) && model.identity === undefined && !operation.startsWith("create");
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
