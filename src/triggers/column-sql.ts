import type { Model, ScalarField } from "../models/model.js";
import { quoteIdentifier, quoteText } from "../outbox/schema-names.js";

/** The types whose JSON needs a hint. */
const HINTS: Readonly<Record<string, string>> = {
  BigInt: "bigint",
  Decimal: "decimal",
  DateTime: "datetime",
  Bytes: "bytes",
  Float: "float",
};

/**
 * The value of a column as the envelope has it (docs/envelope.md): an expression of any type from which `to_jsonb` makes that
 * JSON.
 *
 * @param column the expression of the column.
 */
export function valueSql(field: ScalarField, column: string): string {
  if (!field.isList) return itemSql(field, column);
  const item = itemSql(field, "x");
  const list =
    item === "x" ? column : `array(select ${item} from unnest(${column}) with ordinality u(x, i) order by i)`;
  return `coalesce(${list}, '{}')`;
}

function itemSql(field: ScalarField, c: string): string {
  const { type, nativeType, enumNames } = field;
  if (enumNames !== undefined) return labelSql(enumNames, c);
  switch (type) {
    case "BigInt":
      return `${c}::text`;
    case "Decimal":
      return `trim_scale(${nativeType === "Money" ? `${c}::numeric` : c})::text`;
    case "Float":
      // NaN and infinities become texts by themselves. JSON of PostgreSQL has no negative zero.
      return `case when ${c} = 0 and ${c}::text = '-0' then to_jsonb('-0'::text) else to_jsonb(${c}) end`;
    case "Int":
      return nativeType === "Oid" ? `${c}::bigint` : c;
    case "DateTime":
      return momentSql(nativeType, c);
    case "Bytes":
      return `translate(encode(${c}, 'base64'), E'\\n', '')`;
    case "Json":
      return nativeType === "Json" ? `:BUS.json_without_nul(${c})` : c;
    default:
      return c;
  }
}

/** An enum by its names in the Prisma schema. */
function labelSql(enumNames: ReadonlyMap<string, string>, c: string): string {
  const mapped = Array.from(enumNames).filter(([label, name]) => label !== name);
  if (mapped.length === 0) return `${c}::text`;
  const cases = mapped.map(([label, name]) => `when ${quoteText(label)} then ${quoteText(name)}`);
  return `case ${c}::text ${cases.join(" ")} else ${c}::text end`;
}

function momentSql(nativeType: string | undefined, c: string): string {
  switch (nativeType) {
    case "Date":
      return isoSql(`${c}::timestamp`);
    case "Time":
    case "Timetz":
      // Of 24:00:00 there is an interval, and it is the next day.
      return isoSql(`('1970-01-01'::timestamp + (${c}::time)::interval)`);
    case "Timestamptz":
      return isoSql(`(${c} at time zone 'UTC')`);
    default:
      return isoSql(c);
  }
}

/** Years with four digits are by far the most. */
function isoSql(moment: string): string {
  return `case when ${moment} >= '0001-01-01'::timestamp and ${moment} < '10000-01-01'::timestamp
      then to_char(${moment}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') else :BUS.odd_moment(${moment}) end`;
}

/** The fields that events have, in the order of the model. */
export function saidFields({ scalars }: Model, omit: ReadonlySet<string>): readonly ScalarField[] {
  return Array.from(scalars.values()).filter(({ name }) => !omit.has(name));
}

/** The hints of all fields that can need one. Readers ignore a hint of a value that needs none. */
export function hintsOf(fields: readonly ScalarField[]): Readonly<Record<string, unknown>> {
  const hinted = fields.flatMap(({ name, type, isList, enumNames }) => {
    const hint = enumNames === undefined ? HINTS[type] : undefined;
    return hint === undefined ? [] : [[name, isList ? [hint] : hint] as const];
  });
  return Object.fromEntries(hinted);
}

/** `aggregate_key` of a row. */
export function keySql({ identity, scalars }: Model, row: string): string {
  const parts = (identity?.fields ?? []).map((name) => {
    const field = scalars.get(name);
    return field === undefined ? "null::text" : keyPartSql(field, `${row}.${quoteIdentifier(field.column)}`);
  });
  const [only] = parts;
  if (only === undefined) return "null::text";
  if (parts.length === 1) return only;
  return `'[' || ${parts.map((part) => `to_json(${part})::text`).join(" || ',' || ")} || ']'`;
}

function keyPartSql(field: ScalarField, c: string): string {
  if (field.isList) return `:BUS.compact_json(to_jsonb(${valueSql(field, c)}))`;
  switch (field.type) {
    case "Bytes":
      return `'\\x' || encode(${c}, 'hex')`;
    case "Float":
      return `:BUS.number_text(${c}::float8, (${c})::text)`;
    case "Json":
      return `:BUS.json_key(${valueSql(field, c)})`;
    case "String":
      // A cast to text would cut the blanks of a char, and give an inet a mask.
      return `(to_jsonb(${c}) #>> '{}')`;
    default:
      return `(${valueSql(field, c)})::text`;
  }
}
