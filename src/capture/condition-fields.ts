import { Decimal, isDecimal } from "../codec/decimal.js";
import { EventBusError } from "../errors.js";
import type { Model, ScalarField } from "../models/model.js";
import { invalidOption, type Place } from "../registry/check-options.js";
import type { FieldChecks, Test } from "../registry/condition.js";
import { didYouMean } from "../registry/nearest-name.js";

/** Types whose order is the same in JavaScript and in every database: that of texts depends on a collation. */
const ORDERED = new Set(["Int", "BigInt", "Float", "Decimal", "DateTime"]);

/** Checks the fields and values of conditions on rows of a model. Fields of `omit` reach no condition. */
export function conditionFields(model: Model, omitted: ReadonlySet<string>): FieldChecks {
  const fieldAt = (name: string, { of, path }: Place): ScalarField => {
    const field = model.scalars.get(name);
    if (field !== undefined && !omitted.has(name)) return field;
    const why =
      field === undefined
        ? `unknown field "${name}" at ${path} in ${of}${didYouMean(name, [...model.scalars.keys()])}`
        : `${path} in ${of} names "${name}", which omit keeps from the event bus: expected another field of ${model.name}`;
    throw new EventBusError(field === undefined ? "UNKNOWN_MODEL" : "INVALID_OPTION", why, {
      value: name,
      ...(path === undefined ? {} : { path }),
    });
  };
  return {
    field: (name, place) => void fieldAt(name, place),
    operand(name, test, value, place) {
      return operandOf(fieldAt(name, place), test, value, place);
    },
  };
}

function operandOf(
  field: ScalarField,
  test: Test[0],
  value: unknown,
  { of, path }: Required<Place>,
): unknown {
  const wrong = (expected: string) => invalidOption(path, value, expected, { of });
  const isOrder = test !== "equals" && test !== "not" && test !== "in";
  if (field.isList || field.type === "Json") {
    if (value === null && (test === "equals" || test === "not")) return value;
    throw wrong(`null: of ${field.isList ? "a list" : "Json"} a condition can only tell whether it is null`);
  }
  if (isOrder && !isOrdered(field))
    throw wrong(`equals, not or in: the order of ${field.type} depends on the database`);
  if (value === null) {
    if (isOrder) throw wrong("a value: null is neither less nor greater");
    return value;
  }
  const operand = operandOfType(field, value);
  if (operand === undefined) throw wrong(expectedOf(field));
  return operand;
}

function isOrdered({ type, enumNames }: ScalarField): boolean {
  return enumNames === undefined && ORDERED.has(type);
}

/** The value as the row of the model holds it; undefined when it is no value of the field's type. */
function operandOfType({ type, enumNames }: ScalarField, value: unknown): unknown {
  if (enumNames !== undefined) return isOneOf(enumNames, value) ? value : undefined;
  switch (type) {
    case "Int":
      return Number.isSafeInteger(value) ? value : undefined;
    case "Float":
      return typeof value === "number" ? value : undefined;
    case "BigInt":
      return typeof value === "bigint" ? value : undefined;
    case "Boolean":
      return typeof value === "boolean" ? value : undefined;
    case "String":
      return typeof value === "string" ? value : undefined;
    case "DateTime":
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined;
    case "Bytes":
      return value instanceof Uint8Array ? value : undefined;
    case "Decimal":
      return decimalOf(value);
    default:
      return undefined;
  }
}

function decimalOf(value: unknown): unknown {
  if (
    typeof value !== "number" &&
    typeof value !== "string" &&
    !(typeof value === "object" && value !== null && isDecimal(value))
  )
    return undefined;
  try {
    return new Decimal(value as Decimal.Value);
  } catch {
    return undefined;
  }
}

function isOneOf(enumNames: ReadonlyMap<string, string>, value: unknown): boolean {
  return [...enumNames.values()].some((name) => name === value);
}

function expectedOf({ type, enumNames, name }: ScalarField): string {
  if (enumNames !== undefined)
    return `one of ${[...enumNames.values()].map((one) => `"${one}"`).join(", ")}, or null`;
  const KINDS: Readonly<Record<string, string>> = {
    Int: "a whole number",
    Float: "a number",
    BigInt: "a bigint",
    Boolean: "true or false",
    String: "a string",
    DateTime: "a valid Date",
    Bytes: "a Uint8Array",
    Decimal: "a Decimal, a number or a string of digits",
  };
  return `${KINDS[type] ?? `a value of ${type}`} or null, as ${name} is ${type}`;
}
