import { createHash } from "node:crypto";

import { type Model, touchedFields } from "../models/model.js";
import { quoteIdentifier as id, quoteText as text } from "../outbox/schema-names.js";
import { CAPTURED_OPERATIONS, type CapturedOperation } from "../registry/capture-rules.js";
import { hintsOf, keySql, saidFields, valueSql } from "./column-sql.js";

/** An event that a change of a row leads to. */
export interface TriggerRule {
  readonly name: string;
  readonly version: number;
}

/** A table whose changes triggers capture. */
export interface TriggerTable {
  readonly model: Model;
  /** The PostgreSQL schema of the table. */
  readonly schema: string;
  readonly rules: { readonly [Operation in CapturedOperation]: readonly TriggerRule[] };
  /** Fields that events leave out. */
  readonly omit: ReadonlySet<string>;
  /** The JSON that stands for the values of a field, as text. */
  readonly mask: ReadonlyMap<string, string>;
}

const TRANSITIONS: Readonly<Record<CapturedOperation, string>> = {
  create: "after insert on TABLE referencing new table as new_rows",
  update: "after update on TABLE referencing old table as old_rows new table as new_rows",
  delete: "after delete on TABLE referencing old table as old_rows",
};

/**
 * The functions and triggers that capture the changes of a table, for the owner of both the table and the event bus. `:BUS`
 * stands for the schema of the event bus.
 */
export function captureSql(table: TriggerTable): string {
  const name = `${id(table.schema)}.${id(table.model.table)}`;
  return CAPTURED_OPERATIONS.map((operation) => {
    const trigger = `event_bus_${operation}`;
    if (table.rules[operation].length === 0) return `drop trigger if exists ${trigger} on ${name};\n`;
    const called = `:BUS.${id(functionName(table, operation))}()`;
    // Replaced in place: PostgreSQL locks the table against writes for a new trigger, for a new function it locks nothing.
    return `${functionSql(table, operation, called)}
create or replace trigger ${trigger} ${TRANSITIONS[operation].replace("TABLE", () => name)}
  for each statement execute function ${called};
`;
  }).join("\n");
}

/** PostgreSQL cuts names off after 63 bytes: two tables with long names would share a function. */
function functionName({ schema, model }: TriggerTable, operation: CapturedOperation): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([schema, model.table]))
    .digest("hex");
  return `capture_${operation}_${hash.slice(0, 16)}`;
}

function functionSql(table: TriggerTable, operation: CapturedOperation, name: string): string {
  const { model, schema, rules } = table;
  const values = rules[operation].map((rule, n) => `(${n}, ${text(rule.name)}, ${rule.version})`);
  const body = `
#variable_conflict use_column
declare
  positions bigint[];
  fanouts jsonb;
begin
  with changes as materialized (
    select c.k, c.n, c.key, d.changes, d.was
      from ${pairsSql(table, operation)} c
     cross join lateral ${differenceSql(table, operation)} d
  ), inserted as (
    insert into :BUS.events (id, name, version, aggregate_type, aggregate_key, operation, source_schema, aggregate, changes,
                             initial_data, metadata, types, fanout)
    select :BUS.uuid_v7(), r.name, r.version, ${text(model.name)}, c.key, '${operation}', ${text(schema)},
           ${maskedSql(table, "c.n")}, ${maskedSql(table, "c.changes")}, ${maskedSql(table, "c.was")},
           :BUS.call_metadata(), ${typesSql(table, operation)},
           array(select s.id from :BUS.subscriptions s where s.event_name = r.name and s.ended_at is null order by s.id)
      from changes c cross join (values ${values.join(", ")}) r(rule, name, version)
     order by c.k, r.rule
    returning position, fanout
  )
  select array_agg(i.position order by i.position), jsonb_agg(i.fanout order by i.position) into positions, fanouts
    from inserted i where i.fanout <> '{}';
  if positions is not null then
    perform :BUS.enqueue_captured(positions, fanouts);
  end if;
  return null;
end `;
  const quote = quoteOf(body);
  return `create or replace function ${name} returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set extra_float_digits = 1
as ${quote}${body}${quote};
revoke all on function ${name} from public;`;
}

/** A dollar quote that the body does not contain: names of events come from the application. */
function quoteOf(body: string): string {
  let quote = "$capture$";
  while (body.includes(quote)) quote = quote.replace("e$", "e_$");
  return quote;
}

/** A row as events have it. `jsonb_build_object` would take no more than 50 fields. */
function rowSql({ model, omit }: TriggerTable, row: string): string {
  const fields = saidFields(model, omit).map(
    (field) => `${valueSql(field, `${row}.${id(field.column)}`)} as ${id(field.name)}`,
  );
  return `(select to_jsonb(x) from (select ${fields.join(", ")}) x)`;
}

/**
 * The rows of a statement: `k`, their place; `o` and `n`, the row before and after; `key`. They are paired by their place in
 * the transition tables, because a key can change, and one row can be there twice. The join is a full one, for which PostgreSQL has
 * no nested loop: a session keeps the plan of its first statement, which may be of one row, and the next may have 10,000.
 */
function pairsSql(table: TriggerTable, operation: CapturedOperation): string {
  const rows = (row: "o" | "n", from: string) =>
    `select row_number() over () as k, ${rowSql(table, row)} as ${row}, ${keySql(table.model, row)} as key from ${from} ${row}`;
  if (operation === "create") return `(${rows("n", "new_rows")})`;
  if (operation === "delete") return `(select k, o as n, key from (${rows("o", "old_rows")}) g)`;
  return `(select k, o.o, case when o.o is null or n.n is null then :BUS.not_paired() else n.n end as n, n.key
          from (${rows("n", "new_rows")}) n full join (${rows("o", "old_rows")}) o using (k) offset 0)`;
}

/** What changed: one row, or none where nothing did. */
function differenceSql({ model }: TriggerTable, operation: CapturedOperation): string {
  if (operation === "delete") return `(select '{}'::jsonb as changes, '{}'::jsonb as was)`;
  if (operation === "create")
    return `(select coalesce(jsonb_object_agg(e.key, e.value), '{}') as changes, coalesce(jsonb_object_agg(e.key, null), '{}') as was
        from jsonb_each(c.n) e where e.value <> 'null')`;
  const touched = Array.from(touchedFields(model), text);
  const differs = touched.length === 0 ? "" : ` and bool_or(e.key not in (${touched.join(", ")}))`;
  return `(select jsonb_object_agg(e.key, e.value) as changes, jsonb_object_agg(e.key, c.o -> e.key) as was
        from jsonb_each(c.n) e where :BUS.differ(e.value, c.o -> e.key) having count(*) > 0${differs})`;
}

/** The values of masked fields are replaced where they are not null. */
function maskedSql({ mask }: TriggerTable, part: string): string {
  const masked = Array.from(
    mask,
    ([field, json]) =>
      ` || case when coalesce(${part} -> ${text(field)}, 'null') = 'null' then '{}'::jsonb else jsonb_build_object(${text(field)}, ${text(json)}::jsonb) end`,
  );
  return masked.length === 0 ? part : `(${part}${masked.join("")})`;
}

function typesSql({ model, omit, mask }: TriggerTable, operation: CapturedOperation): string {
  const hints = hintsOf(saidFields(model, omit).filter(({ name }) => !mask.has(name)));
  if (Object.keys(hints).length === 0) return "null";
  const parts = {
    create: ["aggregate", "changes"],
    update: ["aggregate", "changes", "initialData"],
    delete: ["aggregate"],
  };
  return `${text(JSON.stringify(Object.fromEntries(parts[operation].map((part) => [part, hints]))))}::jsonb`;
}
