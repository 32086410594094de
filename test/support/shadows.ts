import { readdirSync, readFileSync } from "node:fs";

import type { Client, Pool } from "pg";

const TYPES = [
  ...[
    "text",
    "varchar",
    "name",
    "bool",
    "uuid",
    "jsonb",
    "json",
    "tid",
    "xid",
    "oid",
    "int2",
    "int4",
    "int8",
  ],
  ...[
    "float8",
    "numeric",
    "regclass",
    "timestamptz",
    "interval",
    "text[]",
    "int2[]",
    "int4[]",
    "int8[]",
    "oid[]",
  ],
];
/** Second arguments of functions. */
const SECOND = ["text", "int4", "int8", "jsonb", "oid"];
const OPERATORS = [
  "=",
  "<>",
  "<",
  ">",
  "<=",
  ">=",
  "+",
  "-",
  "*",
  "/",
  "%",
  "||",
  "->",
  "->>",
  "~",
  "~~",
  "@>",
  "&&",
  "?",
];

/** Words before a parenthesis in the modules that have SQL. */
function namesInSql(): readonly string[] {
  const folder = new URL("../../src/outbox/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const texts = files.map((name) => readFileSync(new URL(name, folder), "utf8"));
  const words = texts.flatMap((text) =>
    Array.from(text.matchAll(/([a-z_][a-z0-9_]*)\(/g), ([, word]) => word ?? ""),
  );
  return [...new Set(words)];
}

/**
 * Puts functions and operators in `public` that fit better than PostgreSQL's own wherever those take what is not exactly
 * of their types, as somebody could who wants them to be run with other rights. Each of them fails.
 */
export async function putShadows(client: Client | Pool): Promise<void> {
  const list = (items: readonly string[]) => `array[${items.map((item) => `'${item}'`)}]`;
  await client.query(`do $do$
declare
  types constant text[] := ${list(TYPES)};
  body constant text := $b$ returns public.shadowed language plpgsql as $f$ begin raise exception 'SHADOWED'; end $f$ $b$;
  l text; r text; op text; f text;
begin
  set local search_path = pg_catalog;
  create type public.shadowed as (n int);
  foreach l in array types loop
    foreach r in array types loop
      execute format('create function public.shadow(%s, %s)', l, r) || body;
      foreach op in array ${list(OPERATORS)} loop
        if not exists (select from pg_operator where oprname = op and oprleft = l::regtype and oprright = r::regtype) then
          execute format('create operator public.%s (leftarg = %s, rightarg = %s, function = public.shadow)', op, l, r);
        end if;
      end loop;
    end loop;
  end loop;
  for f in select distinct proname from pg_proc
            where pronamespace = 'pg_catalog'::regnamespace and proname::text = any (${list(namesInSql())}) loop
    foreach l in array types loop
      if not exists (select from pg_proc where proname = f and pronamespace = 'pg_catalog'::regnamespace
                      and proargtypes::text = l::regtype::oid::text) then
        execute format('create function public.%I(%s)', f, l) || body;
      end if;
      foreach r in array ${list(SECOND)} loop
        if not exists (select from pg_proc where proname = f and pronamespace = 'pg_catalog'::regnamespace
                        and proargtypes::text = concat(l::regtype::oid, ' ', r::regtype::oid)) then
          execute format('create function public.%I(%s, %s)', f, l, r) || body;
        end if;
      end loop;
      execute format('create function public.%I(%s, %s, %s)', f, l, l, l) || body;
    end loop;
  end loop;
end $do$`);
}
