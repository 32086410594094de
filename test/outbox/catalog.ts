import type { Pool } from "pg";

/** Everything that a PostgreSQL schema holds, as comparable text. */
export async function catalogOf(pool: Pick<Pool, "query">, schema: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ line: string }>(CATALOG, [schema]);
  return rows.map(({ line }) => line);
}

const CATALOG = `
with n as (select oid, nspname, nspacl from pg_namespace where nspname = $1)
select 'schema ' || coalesce(nspacl::text, '-') as line from n
union all
select format('%s %s.%s %s %s default %s identity %s', c.relkind, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
              case when a.attnotnull then 'not null' end, pg_get_expr(d.adbin, d.adrelid), a.attidentity)
  from n join pg_class c on c.relnamespace = n.oid join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
union all
select format('relation %s %s acl %s', c.relkind, c.relname, c.relacl) from n join pg_class c on c.relnamespace = n.oid
union all
select 'index ' || pg_get_indexdef(i.indexrelid) from n join pg_class c on c.relnamespace = n.oid join pg_index i on i.indrelid = c.oid
union all
select format('constraint %s %s', x.conname, pg_get_constraintdef(x.oid)) from n join pg_constraint x on x.connamespace = n.oid
union all
select format('function %s acl %s', pg_get_functiondef(p.oid), p.proacl) from n join pg_proc p on p.pronamespace = n.oid
union all
select format('type %s', t.typname) from n join pg_type t on t.typnamespace = n.oid
order by 1`;
