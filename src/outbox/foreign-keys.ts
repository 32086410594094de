import type { Executor } from "./executor.js";

/** A foreign key that makes PostgreSQL itself write rows. */
export interface ForeignKey {
  /** The table that refers to another one. */
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Its primary key; empty when it has none. */
  readonly key: readonly string[];
  readonly toSchema: string;
  readonly toTable: string;
  readonly toColumns: readonly string[];
  readonly onDelete: WritingAction | null;
  readonly onUpdate: WritingAction | null;
}

/** What PostgreSQL does to rows that refer to a row that goes or changes its key. */
export type WritingAction = "cascade" | "set null" | "set default";

const names = (table: string, numbers: string) => /* sql */ `(
  select coalesce(json_agg(a.attname order by k.n), '[]')
    from unnest(${numbers}::int2[]) with ordinality k(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = ${table} and a.attnum = k.attnum)`;

const action = (column: string) =>
  /* sql */ `case ${column} when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' end`;

const FOREIGN_KEYS = /* sql */ `
select hn.nspname as schema, h.relname as "table", ${names("f.conrelid", "f.conkey")} as columns,
       coalesce((select ${names("i.indrelid", "i.indkey")} from pg_catalog.pg_index i
                  where i.indrelid = h.oid and i.indisprimary), '[]') as key,
       rn.nspname as "toSchema", r.relname as "toTable", ${names("f.confrelid", "f.confkey")} as "toColumns",
       ${action("f.confdeltype")} as "onDelete", ${action("f.confupdtype")} as "onUpdate"
  from pg_catalog.pg_constraint f
  join pg_catalog.pg_class h on h.oid = f.conrelid join pg_catalog.pg_namespace hn on hn.oid = h.relnamespace
  join pg_catalog.pg_class r on r.oid = f.confrelid join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
 where f.contype = 'f' and f.conparentid = 0
   and (f.confdeltype in ('c', 'n', 'd') or f.confupdtype in ('c', 'n', 'd'))
 order by 1, 2, f.conname`;

/** Every foreign key of the database by which PostgreSQL writes rows. */
export function findForeignKeys(executor: Executor): Promise<readonly ForeignKey[]> {
  return executor.query<ForeignKey & object>(FOREIGN_KEYS);
}
