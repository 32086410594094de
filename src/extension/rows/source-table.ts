import type { ColumnRead, TableName } from "../../outbox/lock-row.js";
import type { Bus } from "../bus.js";
import { connectionSchema } from "../prisma-internals.js";
import type { Model, ScalarField } from "../schema/model.js";

/** The PostgreSQL schema of a model's table. */
export async function sourceSchema(bus: Bus, model: Model): Promise<string> {
  return model.schema ?? (await connectionSchema(bus.root));
}

/** A model's table. */
export async function sourceTable(bus: Bus, model: Model): Promise<TableName> {
  return { schema: await sourceSchema(bus, model), table: model.table };
}

/** Every column of a model, under the names of its fields. */
export function columnReads(model: Model): readonly ColumnRead[] {
  return Array.from(model.scalars.values(), (field) => ({
    column: field.column,
    as: field.name,
    ...castOf(field),
  }));
}

/** The columns of fields. */
export function columnsOf(model: Model, fields: readonly string[]): readonly string[] {
  return fields.map((name) => model.scalars.get(name)?.column ?? name);
}

function castOf({ enumNames, nativeType, isList, isReadAsText }: ScalarField): Pick<ColumnRead, "castTo"> {
  if (isReadAsText === true) return { castTo: "text" };
  if (enumNames !== undefined) return { castTo: isList ? "text[]" : "text" };
  // Its text has the currency and the separators of the server's locale.
  if (nativeType === "Money") return { castTo: isList ? "numeric[]" : "numeric" };
  return {};
}
