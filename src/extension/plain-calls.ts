import type { Model } from "../models/model.js";
import { WRITE_OPERATIONS, type WriteOperation, writtenData } from "../models/operations.js";
import { type Catalog, knownCatalog } from "./catalog/catalog.js";
import type { Bus } from "./prisma/bus.js";
import type { CallArgs } from "./prisma/selection.js";
import { capturesActionsOn } from "./relations/plan-effects.js";

type IsPlain = (operation: WriteOperation, args: CallArgs) => boolean;

/** What a call may do to a model from which no relation leads to one with rules. */
interface Harmless {
  /** Fields that no foreign key refers to by which PostgreSQL goes on to rows with rules. */
  readonly fields: ReadonlySet<string>;
  /** Whether it goes on to none when rows go. */
  readonly isDelete: boolean;
}

/**
 * Tells calls of which nothing can be captured: they write no other rows, and PostgreSQL does not go on from theirs. All
 * that is asked of such a call is the names of its fields: most applications have many models without rules.
 */
export function plainCalls(bus: Bus, model: Model): IsPlain {
  let known: Harmless | undefined;
  const harmless = (): Harmless | undefined => {
    const catalog = known === undefined ? knownCatalog(bus) : undefined;
    if (catalog !== undefined) known = harmlessIn(bus, catalog, model);
    return known;
  };
  return (operation, args) => {
    if ("event" in args || "eventMetadata" in args || "silentOnUpdate" in args) return false;
    const { createKey, updateKey, changes, isMany } = WRITE_OPERATIONS[operation];
    const data = writtenData(operation, args);
    // Operations that create many rows have no nested writes.
    if (createKey !== undefined && !isMany && !writesOnly(data.create, model.scalars)) return false;
    if (updateKey !== undefined && !writesOnly(data.update, harmless()?.fields)) return false;
    return !changes.includes("delete") || harmless()?.isDelete === true;
  };
}

function harmlessIn(bus: Bus, { references }: Catalog, model: Model): Harmless {
  const all = references.to(model, ({ name }) => capturesActionsOn(bus, name));
  const referredTo = new Set(all.flatMap(({ onUpdate, toFields }) => (onUpdate === null ? [] : toFields)));
  return {
    fields: new Set(Array.from(model.scalars.keys()).filter((field) => !referredTo.has(field))),
    isDelete: all.every(({ onDelete }) => onDelete === null),
  };
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
