import { findForeignKeys, type WritingAction } from "../../outbox/foreign-keys.js";
import type { Bus } from "../bus.js";
import {
  connectionSchema,
  executorIn,
  type InternalClient,
  type TransactionHandle,
} from "../prisma-internals.js";
import type { Model } from "../schema/model.js";
import { tableModels } from "./table-models.js";

/** A foreign key by which PostgreSQL writes rows of `holder` when a row of `target` goes or changes its key. */
export interface Reference {
  readonly holder: Model;
  readonly fields: readonly string[];
  readonly target: Model;
  readonly toFields: readonly string[];
  readonly onDelete: WritingAction | null;
  readonly onUpdate: WritingAction | null;
}

/** Where PostgreSQL goes on by itself, as its catalog says. */
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

  /** Only those that lead to a model with rules, at last. */
  to(target: Model, isCaptured: (model: Model) => boolean): readonly Reference[] {
    return (this.#byTarget.get(target.name) ?? []).filter(({ holder }) =>
      this.#leads(holder, isCaptured, new Set()),
    );
  }

  /** Whether there is any. */
  leadsFrom(target: Model, isCaptured: (model: Model) => boolean): boolean {
    return this.to(target, isCaptured).length > 0;
  }

  #leads(model: Model, isCaptured: (model: Model) => boolean, seen: Set<Model>): boolean {
    if (isCaptured(model)) return true;
    if (seen.has(model)) return false;
    seen.add(model);
    return (this.#byTarget.get(model.name) ?? []).some(({ holder }) => this.#leads(holder, isCaptured, seen));
  }
}

const known = new WeakMap<InternalClient, References>();

/** What is known so far; undefined before the first {@link loadReferences}. */
export function knownReferences({ root }: Bus): References | undefined {
  return known.get(root);
}

/** Asks the catalog, once for each client. */
export async function loadReferences(bus: Bus, transaction: TransactionHandle): Promise<References> {
  const references = known.get(bus.root) ?? (await askCatalog(bus, transaction));
  known.set(bus.root, references);
  return references;
}

async function askCatalog(bus: Bus, transaction: TransactionHandle): Promise<References> {
  const keys = await findForeignKeys(executorIn(bus.root, transaction));
  const modelOf = tableModels(bus.models, await connectionSchema(bus.root), keys);
  return new References(
    keys.map(({ columns, toColumns, onDelete, onUpdate, ...key }) => {
      const holder = modelOf(key.schema, key.table);
      const target = modelOf(key.toSchema, key.toTable);
      return {
        holder,
        fields: fieldsOf(holder, columns),
        target,
        toFields: fieldsOf(target, toColumns),
        onDelete,
        onUpdate,
      };
    }),
  );
}

function fieldsOf(model: Model, columns: readonly string[]): readonly string[] {
  return columns.map(
    (column) => Array.from(model.scalars.values()).find((field) => field.column === column)?.name ?? column,
  );
}
