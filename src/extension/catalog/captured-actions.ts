import type { Model } from "../../models/model.js";
import type { ResolvedBusOptions } from "../../registry/capture-rules.js";
import type { Bus } from "../prisma/bus.js";
import { type Catalog, knownCatalog } from "./catalog.js";
import type { Reference } from "./references.js";

/** The referential actions that writing a row of one model can set off, as far as they lead to rows with rules. */
export interface CapturedActions {
  readonly references: readonly Reference[];
  /** Whether the deletion of a row sets one off. */
  readonly isOnDelete: boolean;
  /** The fields of which a new value sets one off. */
  readonly updatedFields: ReadonlySet<string>;
}

const NONE: CapturedActions = { references: [], isOnDelete: false, updatedFields: new Set() };

/** The answers for one client: they hold as long as its catalog is the same. */
interface Answers {
  readonly catalog: Catalog;
  readonly byModel: Map<string, CapturedActions>;
}

const answers = new WeakMap<ResolvedBusOptions, Answers>();

/** Undefined as long as the catalog has not been read. */
export function capturedActions(bus: Bus, model: Model): CapturedActions | undefined {
  if (!capturesReferentialActions(bus)) return NONE;
  const catalog = knownCatalog(bus);
  return catalog === undefined ? undefined : capturedActionsIn(catalog, bus, model);
}

/** The same by a catalog that has been read. */
export function capturedActionsIn(catalog: Catalog, bus: Bus, model: Model): CapturedActions {
  let known = answers.get(bus.options);
  if (known?.catalog !== catalog) {
    known = { catalog, byModel: new Map() };
    answers.set(bus.options, known);
  }
  const before = known.byModel.get(model.name);
  if (before !== undefined) return before;
  const references = catalog.references.to(model, ({ name }) => capturesActionsOn(bus, name));
  const made: CapturedActions = {
    references,
    isOnDelete: references.some(({ onDelete }) => onDelete !== null),
    updatedFields: new Set(
      references.flatMap(({ onUpdate, toFields }) => (onUpdate === null ? [] : toFields)),
    ),
  };
  known.byModel.set(model.name, made);
  return made;
}

const capturing = new WeakMap<ResolvedBusOptions, boolean>();

/** Whether referential actions can lead to events at all: only then is the catalog of interest. */
export function capturesReferentialActions(bus: Bus): boolean {
  const known = capturing.get(bus.options);
  if (known !== undefined) return known;
  const captures = Array.from(bus.options.rules.keys()).some((name) => capturesActionsOn(bus, name));
  capturing.set(bus.options, captures);
  return captures;
}

/** Whether a referential action on a row of that model leads to an event. */
export function capturesActionsOn({ options }: Bus, name: string): boolean {
  const rules = options.rules.get(name);
  return rules !== undefined && rules.update.length + rules.delete.length > 0;
}
