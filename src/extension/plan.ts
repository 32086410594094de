import type { CapturedOperation, ResolvedBusOptions, Rule } from "../registry/capture-rules.js";
import type { Bus } from "./bus.js";
import type { CallExtras } from "./call-extras.js";
import { type FarPlan, planFar } from "./nested/plan-far.js";
import { notCaptured, unseenCascade, unseenKeyChange } from "./not-captured.js";
import type { Model, Models } from "./schema/model.js";
import type { CallArgs } from "./selection.js";

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
  const { models, options } = bus;
  const kinds: readonly CapturedOperation[] = WRITES[operation];
  const plan: Plan = {
    create: kinds.includes("create") ? rulesFor(options, model, "create", extras) : [],
    update:
      kinds.includes("update") && !extras.silentOnUpdate ? rulesFor(options, model, "update", extras) : [],
    delete: kinds.includes("delete") ? rulesFor(options, model, "delete", extras) : [],
  };
  const isCaptured = plan.create.length + plan.update.length + plan.delete.length > 0;
  const unseen = findUnseen(models, options, model, operation, args, isCaptured);
  if (unseen !== undefined) throw notCaptured(model, operation, unseen);
  const far = planFar(bus, model, operation, args, plan);
  if (far !== undefined) return { ...plan, far };
  return isCaptured ? plan : undefined;
}

/** Whether a call writes any number of rows. */
export function isBulk(operation: WriteOperation): operation is BulkOperation {
  return operation.includes("Many");
}

function findUnseen(
  models: Models,
  { rules }: ResolvedBusOptions,
  model: Model,
  operation: WriteOperation,
  args: CallArgs,
  isCaptured: boolean,
): string | undefined {
  if (isCaptured && isBulk(operation) && model.identity === undefined && !operation.startsWith("create")) {
    return `it writes rows of ${model.name}, which has no key to tell them apart`;
  }
  if (operation === "deleteMany") return unseenCascade(models, rules, model);
  if (!operation.startsWith("updateMany")) return undefined;
  return unseenKeyChange(models, rules, model, args["where"], args["data"]);
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
