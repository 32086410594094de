import type { Executor } from "./executor.js";
import { quoteIdentifier } from "./schema-names.js";

/** What PostgreSQL does to rows that refer to a row that goes or changes its key. */
export type WritingAction = "cascade" | "set null" | "set default";

/** A foreign key that makes PostgreSQL itself write rows. */
export interface ForeignKey {
  /** The table that refers to another one. */
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly toSchema: string;
  readonly toTable: string;
  readonly toColumns: readonly string[];
  readonly onDelete: WritingAction | null;
  readonly onUpdate: WritingAction | null;
}

/** A column by which rows are looked up. */
export interface CatalogColumn {
  readonly name: string;
  /** Its type as SQL names it, with its schema; of a domain the type that it is made of. */
  readonly type: string;
  /** Whether it keeps more of a moment than the milliseconds that a `Date` has. */
  readonly isFine: boolean;
  /** Whether texts that differ can be equal in it: citext, char(n), collations that say so. */
  readonly folds: boolean;
  /** Whether rows are found by it without reading the whole table: it is the first column of an index of all rows. */
  readonly isIndexed: boolean;
}

/** A table as PostgreSQL's catalog describes it. */
export interface CatalogTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "partitioned" | "view" | "other";
  /** Whether it has triggers or rules of the application's. */
  readonly hasTriggers: boolean;
  readonly hasRowSecurity: boolean;
  /** What its policies may let a role do to rows that they do not show it. */
  readonly hiddenFrom: readonly ("update" | "delete")[];
  /** Whether the role that asked may lock rows: who may delete rows only may not. */
  readonly mayLock: boolean;
  /** Whether it may read every column. */
  readonly mayRead: boolean;
  /** Its primary key; empty when it has none. */
  readonly key: readonly string[];
  /** Those that were asked for, and those of its keys. */
  readonly columns: readonly CatalogColumn[];
}

/** Tables, and the foreign keys by which PostgreSQL goes on from them, to whichever tables these lead. */
export interface CatalogPart {
  readonly tables: readonly CatalogTable[];
  readonly keys: readonly ForeignKey[];
}

const namesOf = (table: string, numbers: string) => /* sql */ `(
  select coalesce(pg_catalog.json_agg(a.attname order by k.n), '[]')
    from pg_catalog.unnest(${numbers}::int2[]) with ordinality k(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = ${table} and a.attnum = k.attnum)`;

const action = (column: string) =>
  /* sql */ `case ${column} when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' end`;

/** What a column's type is made of, through domains of domains. */
const BASE_TYPE = /* sql */ `
  with recursive base(oid, typmod) as (
    select a.atttypid, a.atttypmod
    union all
    select d.typbasetype, case when d.typtypmod = -1 then b.typmod else d.typtypmod end
      from base b join pg_catalog.pg_type d on d.oid = b.oid and d.typtype = 'd')
  select t.typname, n.nspname, b.typmod
    from base b join pg_catalog.pg_type t on t.oid = b.oid and t.typtype <> 'd'
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace`;

/**
 * What is allowed of more rows than are seen, as far as can be told from the policies' texts. Whose policies they are
 * is left out where it can be: a role can be changed within a transaction.
 */
const HIDDEN_FROM = /* sql */ `(
  select coalesce(pg_catalog.json_agg(w.operation), '[]')
    from (values ('w', 'update'), ('d', 'delete')) w(cmd, operation)
   where c.relrowsecurity and exists (
     select from pg_catalog.pg_policy p
      where p.polrelid = c.oid
        and (p.polcmd = 'r' and not p.polpermissive
             or p.polcmd = w.cmd::pg_catalog."char" and p.polpermissive and not exists (
               select from pg_catalog.pg_policy s
                where s.polrelid = c.oid and s.polpermissive and s.polcmd in ('r', '*')
                  and (s.polroles operator(pg_catalog.=) '{0}'::pg_catalog.oid[] or s.polroles operator(pg_catalog.=) p.polroles)
                  and pg_catalog.pg_get_expr(s.polqual, s.polrelid) in ('true', pg_catalog.pg_get_expr(p.polqual, p.polrelid))))))`;

const CATALOG = /* sql */ `
with recursive reached(oid) as (
  select c.oid
    from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w(schema, name)
    join pg_catalog.pg_namespace n on n.nspname = w.schema::name
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name::name
  union
  select f.conrelid
    from reached r join pg_catalog.pg_constraint f on f.confrelid = r.oid
   where f.contype = 'f' and f.conparentid = 0::pg_catalog.oid
     and (f.confdeltype in ('c', 'n', 'd') or f.confupdtype in ('c', 'n', 'd'))
), foreign_keys as (
  select f.* from pg_catalog.pg_constraint f
   where f.contype = 'f' and f.conparentid = 0::pg_catalog.oid and f.confrelid in (select oid from reached)
     and (f.confdeltype in ('c', 'n', 'd') or f.confupdtype in ('c', 'n', 'd'))
), columns as (
  select a.attrelid, a.attname as name, pg_catalog.format('%I.%I', b.nspname, b.typname) as type,
         b.typname in ('timestamp', 'timestamptz', 'time', 'timetz') and (b.typmod = -1 or b.typmod > 3) as "isFine",
         b.typname in ('citext', 'bpchar')
           or not coalesce((select l.collisdeterministic from pg_catalog.pg_collation l where l.oid = a.attcollation), true)
           as folds,
         exists (select from pg_catalog.pg_index i
                   join pg_catalog.pg_class x on x.oid = i.indexrelid join pg_catalog.pg_am m on m.oid = x.relam
                  where i.indrelid = a.attrelid and i.indisvalid and i.indpred is null and i.indkey[0] = a.attnum
                    and m.amname in ('btree', 'hash')) as "isIndexed"
    from pg_catalog.pg_attribute a cross join lateral (${BASE_TYPE}) b
   where a.attrelid in (select oid from reached) and a.attnum > 0 and not a.attisdropped
     and (a.attname = any ($3::text[]::name[])
          or exists (select from foreign_keys f where f.conrelid = a.attrelid and a.attnum = any (f.conkey))
          or exists (select from foreign_keys f where f.confrelid = a.attrelid and a.attnum = any (f.confkey))
          or exists (select from pg_catalog.pg_index i
                      where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)))
)
select (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'schema', n.nspname, 'name', c.relname,
          'kind', case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'v' then 'view' else 'other' end,
          'hasTriggers', c.relkind <> 'r' or c.relhasrules or c.relhassubclass
             or exists (select from pg_catalog.pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal),
          'hasRowSecurity', c.relrowsecurity,
          'hiddenFrom', ${HIDDEN_FROM},
          'mayRead', pg_catalog.has_table_privilege(c.oid, 'select'),
          'mayLock', pg_catalog.has_table_privilege(c.oid, 'update') or pg_catalog.has_any_column_privilege(c.oid, 'update'),
          'key', coalesce((select ${namesOf("i.indrelid", "i.indkey")} from pg_catalog.pg_index i
                            where i.indrelid = c.oid and i.indisprimary), '[]'),
          'columns', coalesce((select pg_catalog.json_agg(k) from columns k where k.attrelid = c.oid), '[]'))), '[]')
          from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.oid in (select oid from reached)) as tables,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'schema', hn.nspname, 'table', h.relname, 'columns', ${namesOf("f.conrelid", "f.conkey")},
          'toSchema', rn.nspname, 'toTable', r.relname, 'toColumns', ${namesOf("f.confrelid", "f.confkey")},
          'onDelete', ${action("f.confdeltype")}, 'onUpdate', ${action("f.confupdtype")})
          order by hn.nspname, h.relname, f.conname), '[]')
          from foreign_keys f
          join pg_catalog.pg_class h on h.oid = f.conrelid join pg_catalog.pg_namespace hn on hn.oid = h.relnamespace
          join pg_catalog.pg_class r on r.oid = f.confrelid
          join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace) as keys`;

/** Whether policies apply to what the current role does to a table: not to what owners do, or roles that pass them by. */
export async function isUnderPolicies(
  executor: Executor,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<boolean> {
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  const [answer] = await executor.query<{ readonly active: boolean }>(
    "select pg_catalog.row_security_active($1::pg_catalog.text) as active",
    [name],
  );
  return answer?.active !== false;
}

/**
 * Reads what the catalog says of some tables, and of all that PostgreSQL goes on to from them. Databases with a schema
 * for each tenant have thousands of foreign keys that are none of a client's business.
 *
 * @param columns names of columns by which rows will be looked up, of whichever of these tables.
 */
export async function readCatalog(
  executor: Executor,
  tables: readonly { readonly schema: string; readonly table: string }[],
  columns: readonly string[],
): Promise<CatalogPart> {
  const [answer] = await executor.query<CatalogPart & object>(CATALOG, [
    tables.map(({ schema }) => schema),
    tables.map(({ table }) => table),
    columns,
  ]);
  return answer ?? { tables: [], keys: [] };
}
