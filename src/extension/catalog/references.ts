import { fieldOf, type Model, type Models, type ReferentialAction } from "../../models/model.js";
import type { ForeignKey, WritingAction } from "../../outbox/read-catalog.js";

/**
 * A foreign key with a referential action: PostgreSQL, or Prisma in its place, writes rows of `holder` when a row of
 * `target` is deleted or changes its key.
 */
export interface Reference {
  readonly holder: Model;
  /** Fields, and hidden columns. */
  readonly fields: readonly string[];
  readonly target: Model;
  readonly toFields: readonly string[];
  readonly onDelete: WritingAction | null;
  readonly onUpdate: WritingAction | null;
}

/** The foreign keys with referential actions, by the model that they refer to. */
export class References {
  /** By the name of the model: clients that are extended twice read their models twice. */
  readonly #byTarget = new Map<string, Reference[]>();

  constructor(references: readonly Reference[]) {
    for (const reference of references) {
      const others = this.#byTarget.get(reference.target.name);
      if (others === undefined) this.#byTarget.set(reference.target.name, [reference]);
      else others.push(reference);
    }
  }

  /** All that refer to the model. */
  allTo(target: Model): readonly Reference[] {
    return this.#byTarget.get(target.name) ?? [];
  }

  /** Those whose actions lead to a captured model, directly or through others. */
  to(target: Model, isCaptured: (model: Model) => boolean): readonly Reference[] {
    return this.allTo(target).filter(({ holder }) => this.#leads(holder, isCaptured, new Set()));
  }

  #leads(model: Model, isCaptured: (model: Model) => boolean, seen: Set<Model>): boolean {
    if (isCaptured(model)) return true;
    if (seen.has(model)) return false;
    seen.add(model);
    return this.allTo(model).some(({ holder }) => this.#leads(holder, isCaptured, seen));
  }
}

/** The foreign keys of the database. */
export function referencesInDatabase(
  keys: readonly ForeignKey[],
  modelOf: (schema: string, table: string) => Model,
): readonly Reference[] {
  return keys.map(({ columns, toColumns, onDelete, onUpdate, ...key }) => {
    const holder = modelOf(key.schema, key.table);
    const target = modelOf(key.toSchema, key.toTable);
    return {
      holder,
      fields: columns.map((column) => fieldOf(holder, column)),
      target,
      toFields: toColumns.map((column) => fieldOf(target, column)),
      onDelete,
      onUpdate,
    };
  });
}

/** With `relationMode = "prisma"` there are no foreign keys: Prisma performs the referential actions of its schema. */
export function referencesInSchema(models: Models): readonly Reference[] {
  return Array.from(models.values()).flatMap((holder) =>
    Array.from(holder.relations.values()).flatMap(({ model, fields, references, onDelete, onUpdate }) => {
      const target = models.get(model);
      if (target === undefined || fields.length === 0) return [];
      const actions = { onDelete: WRITING[onDelete], onUpdate: WRITING[onUpdate] };
      return [{ holder, fields, target, toFields: references, ...actions }];
    }),
  );
}

const WRITING: Readonly<Record<ReferentialAction, WritingAction | null>> = {
  Cascade: "cascade",
  SetNull: "set null",
  SetDefault: "set default",
  Restrict: null,
  NoAction: null,
};
