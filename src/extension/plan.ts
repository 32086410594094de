import { mayNotRead, notCaptured } from "../capture/not-captured.js";
import type { Model } from "../models/model.js";
import {
  type OneRowOperation,
  WRITE_OPERATIONS,
  type WriteOperation,
  writesMany,
} from "../models/operations.js";
import type { CapturedOperation, ResolvedBusOptions, Rule } from "../registry/capture-rules.js";
import { type CallExtras, hasExtras } from "./call-extras.js";
import { capturesActionsOn, capturesReferentialActions } from "./catalog/captured-actions.js";
import { type Catalog, knownCatalog } from "./catalog/catalog.js";
import type { Plan } from "./one-row/mutation.js";
import type { Bus } from "./prisma/bus.js";
import type { CallArgs } from "./prisma/selection.js";
import { planEffects } from "./relations/plan-effects.js";

/**
 * Which events a call leads to. Undefined: none, and nothing that it touches is captured, so that it can run as if
 * the extension were not there.
 *
 * Nearly all calls write no row but their own and say nothing to the extension: what they lead to is settled once.
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
  const facts = factsOf(bus, model);
  const settled = facts.plans[operation] ?? settle(bus, facts, operation);
  const isUsual = extras.events.length === 0 && !extras.silentOnUpdate && settled.isCapturable;
  return isUsual && writesOwnRowsOnly(facts, operation, args)
    ? settled.plan
    : planUnusual(bus, model, operation, args, extras);
}

/**
 * Tells calls of a model without rules of which nothing can be captured. All that is asked of such a call is the names of
 * its fields: most applications have many models without rules.
 */
export function plainCalls(bus: Bus, model: Model): (operation: WriteOperation, args: CallArgs) => boolean {
  return (operation, args) => !hasExtras(args) && writesOwnRowsOnly(factsOf(bus, model), operation, args);
}

/** What is known of a model before any call. */
interface ModelFacts {
  readonly model: Model;
  /** The catalog by which the facts were found; undefined before it has been read. */
  readonly catalog: Catalog | undefined;
  /** Fields whose new values set off no referential action that leads to rows with rules; undefined: not known yet. */
  readonly unreferenced: ReadonlySet<string> | undefined;
  /** Whether the deletion of rows sets off none. */
  readonly isDeletedAlone: boolean;
  readonly plans: { [Operation in WriteOperation]?: SettledPlan };
}

/** What calls of an operation lead to that write no row but their own and say nothing to the extension. */
interface SettledPlan {
  /** Undefined: no event. */
  readonly plan: Plan | undefined;
  /** Whether such calls can be captured. */
  readonly isCapturable: boolean;
}

const known = new WeakMap<Bus, Map<Model, ModelFacts>>();

function factsOf(bus: Bus, model: Model): ModelFacts {
  const catalog = knownCatalog(bus);
  const models = known.get(bus) ?? new Map<Model, ModelFacts>();
  const before = models.get(model);
  if (before !== undefined && before.catalog === catalog) return before;
  known.set(bus, models);
  const facts = { model, catalog, plans: {}, ...harmlessWrites(bus, catalog, model) };
  models.set(model, facts);
  return facts;
}

function harmlessWrites(
  bus: Bus,
  catalog: Catalog | undefined,
  model: Model,
): Pick<ModelFacts, "unreferenced" | "isDeletedAlone"> {
  if (!capturesReferentialActions(bus))
    return { unreferenced: new Set(model.scalars.keys()), isDeletedAlone: true };
  if (catalog === undefined) return { unreferenced: undefined, isDeletedAlone: false };
  const all = catalog.references.to(model, ({ name }) => capturesActionsOn(bus, name));
  const referredTo = new Set(all.flatMap(({ onUpdate, toFields }) => (onUpdate === null ? [] : toFields)));
  return {
    unreferenced: new Set(Array.from(model.scalars.keys()).filter((field) => !referredTo.has(field))),
    isDeletedAlone: all.every(({ onDelete }) => onDelete === null),
  };
}

/** Whether a call has no nested writes, and sets off no referential actions that lead to rows with rules. */
function writesOwnRowsOnly(
  { model, unreferenced, isDeletedAlone }: ModelFacts,
  operation: WriteOperation,
  args: CallArgs,
): boolean {
  const { createKey, updateKey, isMany, changes } = WRITE_OPERATIONS[operation];
  // Operations that create many rows have no nested writes.
  if (createKey !== undefined && !isMany && !writesOnly(args[createKey], model.scalars)) return false;
  if (updateKey !== undefined && !writesOnly(args[updateKey], unreferenced)) return false;
  return isDeletedAlone || !changes.includes("delete");
}

function writesOnly(data: unknown, fields: { has(field: string): boolean } | undefined): boolean {
  return (
    fields !== undefined &&
    typeof data === "object" &&
    data !== null &&
    !Array.isArray(data) &&
    Object.keys(data).every((field) => fields.has(field))
  );
}

function settle(bus: Bus, { model, plans }: ModelFacts, operation: WriteOperation): SettledPlan {
  const rules = rulesOf(bus.options, model, operation, undefined);
  const isCaptured = leadsToEvents(rules);
  const settled: SettledPlan = {
    plan: isCaptured ? rules : undefined,
    isCapturable: !isCaptured || (!isKeyless(model, operation) && !isUnreadable(bus, model)),
  };
  plans[operation] = settled;
  return settled;
}

function planUnusual(
  bus: Bus,
  model: Model,
  operation: WriteOperation,
  args: CallArgs,
  extras: CallExtras,
): Plan | undefined {
  const { options } = bus;
  const rules = rulesOf(options, model, operation, extras);
  const isCaptured = leadsToEvents(rules);
  const effects = createsMany(operation)
    ? undefined
    : planEffects(bus, model, eachOf(operation), args, rules);
  const matters = isCaptured || (effects !== undefined && isReferredTo(bus, model));
  const cannotBeRead = isCaptured && isUnreadable(bus, model);
  if (matters && (isKeyless(model, operation) || cannotBeRead)) {
    if (options.uncaptured.has(model.name)) return undefined;
    throw cannotBeRead ? mayNotRead(model) : notCaptured(model, operation);
  }
  if (effects !== undefined) return { ...rules, effects };
  return isCaptured ? rules : undefined;
}

function leadsToEvents(rules: Plan): boolean {
  return rules.create.length + rules.update.length + rules.delete.length > 0;
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

function isUnreadable(bus: Bus, model: Model): boolean {
  return knownCatalog(bus)?.table(model)?.mayRead === false;
}

function isReferredTo({ models }: Bus, { name }: Model): boolean {
  return Array.from(models.values()).some((holder) =>
    Array.from(holder.relations.values()).some(
      (relation) => relation.model === name && relation.fields.length > 0,
    ),
  );
}

/** The rules for the rows of a call. */
function rulesOf(
  options: ResolvedBusOptions,
  model: Model,
  operation: WriteOperation,
  extras: CallExtras | undefined,
): Plan {
  const { changes } = WRITE_OPERATIONS[operation];
  const of = (change: CapturedOperation) =>
    changes.includes(change) && !(change === "update" && extras?.silentOnUpdate === true)
      ? withEventsOfCall(options.rules.get(model.name)?.[change] ?? [], extras)
      : [];
  return { create: of("create"), update: of("update"), delete: of("delete") };
}

/** The rules that are declared, and the call's own events; an event that both name is published once. */
function withEventsOfCall(declared: readonly Rule[], extras: CallExtras | undefined): readonly Rule[] {
  if (extras === undefined || extras.events.length === 0) return declared;
  const called = new Map(extras.events.map((event) => [event.name, event]));
  return [
    // The call names it: no condition of a rule holds it back.
    ...Array.from(called.values(), (event) => ({ event, when: undefined })),
    ...declared.filter((rule) => !called.has(rule.event.name)),
  ];
}
