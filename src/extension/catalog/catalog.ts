import { linkOf } from "../../models/link.js";
import { columnOf, HIDDEN, type Model, type Models } from "../../models/model.js";
import { emulatesReferences } from "../../models/read-models.js";
import { databaseFailure } from "../../outbox/database-error.js";
import type { CatalogColumn, CatalogPart, CatalogTable } from "../../outbox/read-catalog.js";
import { readCatalog } from "../../outbox/read-catalog.js";
import type { Bus } from "../prisma/bus.js";
import { schemaOf } from "../prisma/client-parts.js";
import { connectionSchema } from "../prisma/connection-schema.js";
import { catalogOwner, type TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { References, referencesInDatabase, referencesInSchema } from "./references.js";
import { tableId, tableModels } from "./table-models.js";

/** What PostgreSQL's catalog says of the tables of a client. Read once. */
export class Catalog {
  readonly references: References;
  readonly #defaultSchema: string;
  readonly #tables: ReadonlyMap<string, CatalogTable>;
  readonly #ofModels = new WeakMap<Model, CatalogTable>();
  readonly #hidden = new Map<string, Set<string>>();
  readonly #isEmulated: boolean;

  constructor(models: Models, defaultSchema: string, part: CatalogPart, isEmulated: boolean) {
    this.#defaultSchema = defaultSchema;
    this.#isEmulated = isEmulated;
    this.#tables = new Map(part.tables.map((table) => [tableId(table.schema, table.name), table]));
    const known = referencesInDatabase(part.keys, tableModels(models, defaultSchema, part.tables));
    this.references = new References([...known, ...(isEmulated ? referencesInSchema(models) : [])]);
    for (const { target, toFields } of known) {
      const hidden = toFields.filter((field) => field.startsWith(HIDDEN));
      if (hidden.length > 0)
        this.#hidden.set(target.name, new Set([...(this.#hidden.get(target.name) ?? []), ...hidden]));
    }
  }

  /** Undefined: the database does not have it. */
  table(model: Model): CatalogTable | undefined {
    const known = this.#ofModels.get(model);
    if (known !== undefined) return known;
    const found = this.#tables.get(tableId(model.schema ?? this.#defaultSchema, model.table));
    if (found !== undefined) this.#ofModels.set(model, found);
    return found;
  }

  /** Of a field, or a hidden column. */
  column(model: Model, field: string): CatalogColumn | undefined {
    const name = columnOf(model, field);
    return this.table(model)?.columns.find((column) => column.name === name);
  }

  /** Columns that foreign keys refer to and that the Prisma schema does not have, or ignores. */
  hiddenColumns({ name }: Model): readonly string[] {
    return Array.from(this.#hidden.get(name) ?? []);
  }

  /**
   * Whether a call that writes rows of these models may write others that it does not name: triggers do, and Prisma
   * itself.
   */
  mayWriteOthers(models: readonly Model[]): boolean {
    return this.#isEmulated || models.some((model) => this.table(model)?.hasTriggers !== false);
  }

  /** Whether rows have tuple ids, by which they can be followed, and say which transaction wrote them. */
  hasTupleIds(model: Model): boolean {
    const kind = this.table(model)?.kind;
    return kind === "table" || kind === "partitioned";
  }
}

/** By adapter, which several clients can share, and by schema. */
const catalogs = new WeakMap<object, Map<string, Catalog>>();
const known = new WeakMap<object, Catalog>();

/** Undefined before the first {@link loadCatalog}. */
export function knownCatalog({ root }: Bus): Catalog | undefined {
  return known.get(root);
}

/** Reads the catalog, once for all clients that share an adapter. */
export async function loadCatalog(bus: Bus, transaction: TransactionHandle | undefined): Promise<Catalog> {
  const before = known.get(bus.root);
  if (before !== undefined) return before;
  const schema = await connectionSchema(bus.root);
  const owner = catalogOwner(bus.root);
  const shared = catalogs.get(owner) ?? new Map<string, Catalog>();
  catalogs.set(owner, shared);
  const id = JSON.stringify([schema, schemaOf(bus.root).text]);
  const catalog = shared.get(id) ?? (await askDatabase(bus, schema, transaction));
  shared.set(id, catalog);
  known.set(bus.root, catalog);
  return catalog;
}

/**
 * Has the catalog read again, since the rights of the role may have changed.
 *
 * @returns false where it was read since `askedBefore`.
 */
export function forgetCatalog({ root }: Bus, askedBefore: Catalog | undefined): boolean {
  const now = known.get(root);
  if (now === undefined || now !== askedBefore) return false;
  known.delete(root);
  catalogs.delete(catalogOwner(root));
  return true;
}

/** "current transaction is aborted" */
const ABORTED = "25P02";

/**
 * Reads the catalog if it can. In a transaction that has ended or is aborted the call itself will be refused, with an
 * error that names it.
 */
export async function knowCatalog(bus: Bus, transaction: TransactionHandle | undefined): Promise<void> {
  if (known.has(bus.root)) return;
  try {
    await loadCatalog(bus, transaction);
  } catch (error) {
    const state = databaseFailure(error)?.state;
    if (state !== undefined && state !== ABORTED) throw error;
  }
}

async function askDatabase(
  bus: Bus,
  defaultSchema: string,
  transaction: TransactionHandle | undefined,
): Promise<Catalog> {
  const { models, root } = bus;
  const all = [...models.values(), ...modelsBetween(models)];
  const tables = all.map(({ schema, table }) => ({ schema: schema ?? defaultSchema, table }));
  const part = await readCatalog(executorIn(root, transaction), tables, lookedUpColumns(all));
  return new Catalog(models, defaultSchema, part, emulatesReferences(schemaOf(root).text));
}

/** The tables of implicit many-to-many relations. */
function modelsBetween(models: Models): readonly Model[] {
  return Array.from(models.values()).flatMap((model) =>
    Array.from(model.relations.values()).flatMap((relation) => {
      if (!relation.isList || model.isView) return [];
      const { between } = linkOf(models, model, relation);
      return between === undefined ? [] : [between.model];
    }),
  );
}

function lookedUpColumns(models: readonly Model[]): readonly string[] {
  const columns = models.flatMap((model) => {
    const relations = Array.from(model.relations.values(), ({ fields }) => fields);
    const fields = [...model.keys.map((key) => key.fields), ...relations, [...model.referenced]].flat();
    return fields.map((field) => columnOf(model, field));
  });
  return Array.from(new Set(columns));
}
