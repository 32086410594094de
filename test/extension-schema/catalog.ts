import type { Pool } from "pg";

import type { Model, Models, RelationField } from "../../src/models/model.js";

/** What PostgreSQL has for a model, or should have: comparable, in its own words. */
export interface Table {
  /** Column → "array", "not null" or "null"; whether lists can be null, Prisma does not say. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns of unique indexes over all rows. */
  readonly keys: readonly string[];
  /** Column → labels of its enum. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** "(a, b) to schema.table (c, d): on delete …, on update …" */
  readonly foreignKeys: readonly string[];
}

/** What the tables of models should be. */
export function expectedTables(models: Models, defaultSchema = "public"): Record<string, Table> {
  const tables = Array.from(models.values()).filter((model) => !model.isView);
  return Object.fromEntries(
    tables.map((model) => [
      nameOf(model, defaultSchema),
      {
        columns: Object.fromEntries(
          Array.from(model.scalars.values(), ({ column, isList, isOptional }) => [
            column,
            isList ? "array" : isOptional ? "null" : "not null",
          ]),
        ),
        keys: model.keys.map((key) => columnsOf(model, key.fields)).sort(),
        labels: Object.fromEntries(
          Array.from(model.scalars.values()).flatMap(({ column, enumNames }) =>
            enumNames === undefined ? [] : [[column, [...enumNames.keys()]]],
          ),
        ),
        foreignKeys: Array.from(model.relations.values())
          .filter((relation) => relation.fields.length > 0)
          .map((relation) => foreignKey(model, relation, models, defaultSchema))
          .sort(),
      },
    ]),
  );
}

function nameOf(model: Model, defaultSchema: string): string {
  return `${model.schema ?? defaultSchema}.${model.table}`;
}

function columnsOf(model: Model, fields: readonly string[]): string {
  return fields.map((field) => model.scalars.get(field)?.column ?? `?${field}`).join(", ");
}

function foreignKey(model: Model, relation: RelationField, models: Models, defaultSchema: string): string {
  const other = models.get(relation.model);
  if (other === undefined) throw new Error(`no model ${relation.model}`);
  return (
    `(${columnsOf(model, relation.fields)}) to ${nameOf(other, defaultSchema)} ` +
    `(${columnsOf(other, relation.references)}): on delete ${relation.onDelete}, on update ${relation.onUpdate}`
  );
}

/** What the tables of these names are. Columns, and keys of columns, that are not expected are left out. */
export async function actualTables(pool: Pool, expected: Readonly<Record<string, Table>>) {
  const tables: Record<string, Table> = {};
  for (const [name, { columns: known }] of Object.entries(expected)) {
    const { rows } = await pool.query<
      Omit<Table, "keys"> & { readonly keys: readonly (readonly string[])[] }
    >(READ, [name]);
    const [row] = rows;
    if (row === undefined) continue;
    tables[name] = {
      columns: Object.fromEntries(Object.entries(row.columns).filter(([column]) => column in known)),
      keys: row.keys
        .filter((key) => key.every((column) => column in known))
        .map((key) => key.join(", "))
        .sort(),
      labels: row.labels,
      foreignKeys: [...row.foreignKeys].sort(),
    };
  }
  return tables;
}

const ACTION = (column: string) => /* sql */ `case ${column}
  when 'a' then 'NoAction' when 'r' then 'Restrict' when 'c' then 'Cascade' when 'n' then 'SetNull' else 'SetDefault' end`;

const NAMES = (table: string, numbers: string) => /* sql */ `(
  select array_agg(a.attname::text order by k.n) from unnest(${numbers}::int2[]) with ordinality k(attnum, n)
    join pg_attribute a on a.attrelid = ${table} and a.attnum = k.attnum)`;

const READ = /* sql */ `
select (select json_object_agg(a.attname, case
          when y.typcategory = 'A' then 'array' when a.attnotnull then 'not null' else 'null' end)
          from pg_attribute a join pg_type y on y.oid = a.atttypid
         where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select coalesce(json_agg(names), '[]')
          from (select ${NAMES("t.oid", "i.indkey")} as names from pg_index i
                 where i.indrelid = t.oid and i.indisunique and i.indpred is null order by 1) keys) as keys,
       (select coalesce(json_object_agg(a.attname, (
                 select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
                  where e.enumtypid = coalesce(nullif(y.typelem, 0), y.oid))), '{}')
          from pg_attribute a join pg_type y on y.oid = a.atttypid
         where a.attrelid = t.oid and exists (
           select from pg_enum e where e.enumtypid = coalesce(nullif(y.typelem, 0), y.oid))) as labels,
       (select coalesce(json_agg(format('(%s) to %s.%s (%s): on delete %s, on update %s',
                 array_to_string(${NAMES("c.conrelid", "c.conkey")}, ', '), rn.nspname, r.relname,
                 array_to_string(${NAMES("c.confrelid", "c.confkey")}, ', '),
                 ${ACTION("c.confdeltype")}, ${ACTION("c.confupdtype")})), '[]')
          from pg_constraint c join pg_class r on r.oid = c.confrelid join pg_namespace rn on rn.oid = r.relnamespace
         where c.conrelid = t.oid and c.contype = 'f') as "foreignKeys"
  from pg_class t join pg_namespace n on n.oid = t.relnamespace
 where n.nspname || '.' || t.relname = $1`;
