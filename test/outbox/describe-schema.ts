import { createHash } from "node:crypto";
import type { Pool } from "pg";

import { FUNCTIONS } from "../../src/outbox/functions.js";
import { functionsOf } from "../support/sql-rules.js";

/** Everything that is in our schema, as a text that people can compare. What differs between servers is left out. */
export async function describeSchema(pool: Pick<Pool, "connect">): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query("begin; set local search_path = pg_catalog");
    const { rows } = await client.query<{ text: string }>(DESCRIBE);
    await client.query("commit");
    const schema = rows.map(({ text }) => text).join("\n\n");
    return `${schema.replace(/ \(as (\w+) is written\)$/gm, (_, name: string) => ` ${hashOf(name)}`)}\n`;
  } finally {
    client.release();
  }
}

/**
 * Of a function whose body PostgreSQL keeps as a parsed statement: it prints that from its tree, and each version prints
 * in its own way. So the hash is that of the text in src/outbox/functions.
 */
function hashOf(name: string): string {
  const [written, ...others] = functionsOf(FUNCTIONS).filter(({ where }) => where === name);
  if (written === undefined || others.length > 0) throw new Error(`expected one function ${name}`);
  return createHash("md5").update(written.text.trim()).digest("hex");
}

const GRANTS = (acl: string, owner: string) => `
  coalesce((select e'\\n  granted: ' || string_agg(a.privilege_type || ' to ' || case when a.grantee = 0 then 'public' else a.grantee::regrole::text end,
                                  ', ' order by a.grantee, a.privilege_type)
              from aclexplode(${acl}) a where a.grantee <> ${owner}), '')`;

// PostgreSQL 18 has constraints for "not null", which are told with the columns.
const DESCRIBE = `
with schema as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname = 'event_bus'),
lines(kind, name, text) as (
  select 0, nspname::text, 'schema ' || nspname || ${GRANTS("nspacl", "nspowner")} from schema
  union all
  select case c.relkind when 'r' then 1 else 3 end, c.relname::text,
         case c.relkind when 'r' then 'table ' when 'c' then 'type ' else c.relkind::text || ' ' end || c.relname
         || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '')
         || coalesce((select string_agg(e'\\n  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                                        || case when a.attnotnull then ' not null' else '' end
                                        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
                                        || case a.attidentity when 'a' then ' generated always as identity' else '' end, '' order by a.attnum)
                        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '')
         || coalesce((select string_agg(e'\\n  constraint ' || x.conname || ' ' || pg_get_constraintdef(x.oid), '' order by x.conname collate "C")
                        from pg_constraint x where x.conrelid = c.oid and x.contype <> 'n'), '')
         || coalesce((select string_agg(e'\\n  ' || pg_get_indexdef(i.indexrelid), '' order by pg_get_indexdef(i.indexrelid) collate "C")
                        from pg_index i where i.indrelid = c.oid), '')
         || coalesce((select string_agg(e'\\n  ' || pg_get_triggerdef(t.oid), '' order by t.tgname collate "C")
                        from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal), '')
         || ${GRANTS("c.relacl", "c.relowner")}
    from schema s join pg_class c on c.relnamespace = s.oid where c.relkind not in ('i', 'S')
  union all
  select 2, c.relname::text, 'sequence ' || c.relname || ${GRANTS("c.relacl", "c.relowner")}
    from schema s join pg_class c on c.relnamespace = s.oid where c.relkind = 'S'
  union all
  select 4, p.oid::regprocedure::text,
         format(e'function %s(%s)\\n  returns %s\\n  %s, %s, %s%s\\n  body%s', p.proname,
                pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
                case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
                case when p.prosecdef then 'security definer' else 'security invoker' end,
                coalesce((select string_agg(e'\\n  set ' || o, '' order by n) from unnest(p.proconfig) with ordinality c(o, n)), ''),
                case when p.prosqlbody is null then ' ' || md5(p.prosrc) else ' (as ' || p.proname || ' is written)' end)
         || case when p.proacl is null then e'\\n  granted: EXECUTE to public' else ${GRANTS("p.proacl", "p.proowner")} end
    from schema s join pg_proc p on p.pronamespace = s.oid join pg_language l on l.oid = p.prolang
)
select text from lines order by kind, name collate "C"`;
