import {
  checkOptions,
  describe,
  invalidOption,
  isObject,
  type Place,
  type UnknownOptions,
  within,
} from "./check-options.js";

/** A value of decimal.js, of whichever copy of it. */
interface DecimalValue {
  readonly toFixed: () => string;
  readonly comparedTo: unknown;
}

/** Types whose values can be compared with one that a condition names. Not among them: Json and lists. */
type Comparable = string | number | bigint | boolean | Date | Uint8Array | DecimalValue;

/** What a condition may say for a value: a decimal also as a number, or as its digits. */
type Operand<Value> = Value extends DecimalValue ? Value | number | string : Value;

/** Tests of a field's value. All of them must hold. */
export type FieldTests<Value> = {
  readonly equals?: Operand<Value> | null | undefined;
  readonly not?: Operand<Value> | null | undefined;
  readonly in?: readonly (Operand<Value> | null)[] | undefined;
} & (Value extends number | bigint | Date | DecimalValue
  ? {
      readonly lt?: Operand<Value> | undefined;
      readonly lte?: Operand<Value> | undefined;
      readonly gt?: Operand<Value> | undefined;
      readonly gte?: Operand<Value> | undefined;
    }
  : object);

/** What a condition says of a field: the value itself, or tests of it. Of Json and lists only whether they are null. */
export type FieldTest<Value> = [NonNullable<Value>] extends [Comparable]
  ? Operand<NonNullable<Value>> | null | OneType<NonNullable<Value>>
  : null | { readonly not: null };

// The values of an enum are a union, of which `in` may name several.
type OneType<Value> = [Value] extends [string | boolean]
  ? FieldTests<[Value] extends [boolean] ? boolean : Value>
  : FieldTests<Value>;

/** Tests of fields by their names. All of them must hold. */
export type RowTests<Row> = { readonly [Field in keyof Row]?: FieldTest<Row[Field]> };

/**
 * The condition of a rule, as data. All parts that are given must hold.
 *
 * A row that was created was null in all fields before; one that was deleted is null in all fields after. Values are compared
 * as the envelope of events has it: numbers by value, moments to the millisecond, texts character by character. The order of
 * null and of NaN is that of PostgreSQL: null is neither less nor greater than anything, NaN is the greatest number.
 *
 * @example
 * ```ts
 * { becomes: { status: "PAID" }, is: { total: { gte: 100 } } }
 * ```
 */
export interface Condition<Row = Readonly<Record<string, unknown>>> {
  /** At least one of these fields changed. A created row changed in each field that is not null. */
  readonly changed?: (keyof Row & string) | readonly (keyof Row & string)[] | undefined;
  /** The row before the mutation. */
  readonly was?: RowTests<Row> | undefined;
  /** The row after the mutation. */
  readonly is?: RowTests<Row> | undefined;
  /** The tests hold for the row after the mutation, and did not hold for the row before it. */
  readonly becomes?: RowTests<Row> | undefined;
  /** All of these hold. */
  readonly AND?: readonly Condition<Row>[] | undefined;
  /** At least one of these holds. */
  readonly OR?: readonly Condition<Row>[] | undefined;
  /** This does not hold. */
  readonly NOT?: Condition<Row> | undefined;
}

export const TESTS = ["equals", "not", "in", "lt", "lte", "gt", "gte"] as const;

/** A test of a field: one of its kinds, with the value to compare with. For `in` that is a list. */
export type Test = readonly [(typeof TESTS)[number], unknown];

/** Tests of a field that all must hold. */
export type Tested = readonly [field: string, tests: readonly Test[]];

/** A condition that was checked: everything is there, and each test has its kind. */
export interface CheckedCondition {
  readonly changed: readonly string[] | undefined;
  readonly was: readonly Tested[];
  readonly is: readonly Tested[];
  readonly becomes: readonly Tested[] | undefined;
  readonly all: readonly CheckedCondition[];
  readonly some: readonly CheckedCondition[] | undefined;
  readonly not: CheckedCondition | undefined;
}

const PARTS = ["changed", "was", "is", "becomes", "AND", "OR", "NOT"];

/**
 * What is known of the fields that a condition may name.
 *
 * @returns the value to compare with as the field holds it.
 * @throws EventBusError `INVALID_OPTION` when the field or the value is none of the model.
 */
export interface FieldChecks {
  field(name: string, place: Place): void;
  operand(name: string, test: Test[0], value: unknown, place: Required<Place>): unknown;
}

/** Checks a condition. Without `checks`, names of fields and the types of values are not looked at. */
export function checkCondition(
  value: unknown,
  place: Place,
  checks: FieldChecks | undefined,
): CheckedCondition {
  const given = checkOptions(value, PARTS, place);
  // A condition that always holds is a mistake: a rule without one says that.
  if (PARTS.every((part) => given[part] === undefined)) {
    const { path = "when" } = place;
    throw invalidOption(path, value, `at least one of ${PARTS.join(", ")}`, { of: place.of });
  }
  const tests = (part: string) => checkRowTests(given, part, place, checks);
  const { changed, NOT } = given;
  return Object.freeze({
    changed: changed === undefined ? undefined : checkChanged(changed, within(place, "changed"), checks),
    was: tests("was") ?? [],
    is: tests("is") ?? [],
    becomes: tests("becomes"),
    all: checkList(given, "AND", place, checks) ?? [],
    some: checkList(given, "OR", place, checks),
    not: NOT === undefined ? undefined : checkCondition(NOT, within(place, "NOT"), checks),
  });
}

function checkChanged(
  value: unknown,
  place: Required<Place>,
  checks: FieldChecks | undefined,
): readonly string[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isWrong = (name: unknown) => typeof name !== "string";
  if (names.length === 0 || names.some(isWrong)) {
    const expected = "the name of a field, or an array of such names";
    throw invalidOption(place.path, Array.isArray(value) ? (names.find(isWrong) ?? value) : value, expected, {
      of: place.of,
    });
  }
  for (const name of names as readonly string[]) checks?.field(name, place);
  return names as readonly string[];
}

function checkList(
  given: UnknownOptions,
  part: string,
  place: Place,
  checks: FieldChecks | undefined,
): readonly CheckedCondition[] | undefined {
  const value = given[part];
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw invalidOption(part, value, "an array of conditions", place);
  return value.map((one, at) => checkCondition(one, within(place, `${part}[${at}]`), checks));
}

function checkRowTests(
  given: UnknownOptions,
  part: string,
  place: Place,
  checks: FieldChecks | undefined,
): readonly Tested[] | undefined {
  const value = given[part];
  if (value === undefined) return undefined;
  const ofPart = within(place, part);
  if (!isObject(value) || Object.keys(value).length === 0)
    throw invalidOption(part, value, "an object with a test for at least one field", place);
  return Object.entries(value).map(([field, test]): Tested => {
    checks?.field(field, ofPart);
    const ofField = within(ofPart, field);
    const operand = (kind: Test[0], wanted: unknown, at: Required<Place>) => {
      // A value that is missing would make the test hold for other rows than meant.
      if (wanted === undefined) throw invalidOption(at.path, wanted, "a value or null", { of: at.of });
      return checks === undefined ? wanted : checks.operand(field, kind, wanted, at);
    };
    if (!isTests(test)) return [field, [["equals", operand("equals", test, ofField)]]];
    const tests = Object.entries(checkOptions(test, TESTS, ofField));
    if (tests.length === 0) throw invalidOption(field, test, `one of ${TESTS.join(", ")}`, ofPart);
    return [
      field,
      tests.map(([kind, wanted]): Test => {
        const ofTest = within(ofField, kind);
        if (kind !== "in") return [kind as Test[0], operand(kind as Test[0], wanted, ofTest)];
        if (!Array.isArray(wanted)) throw invalidOption(kind, wanted, "an array of values", ofField);
        const at = (index: number) => ({ of: ofTest.of, path: `${ofTest.path}[${index}]` });
        return ["in", wanted.map((one, index) => operand("in", one, at(index)))];
      }),
    ];
  });
}

/** Whether it is `{ not: … }` and the like, and no value: decimals, dates and bytes are objects too. */
function isTests(test: unknown): boolean {
  return isObject(test) && Object.getPrototypeOf(test) === Object.prototype;
}

/** How a condition reads in messages and listings. */
export function describeCondition(condition: CheckedCondition): string {
  const of = (part: string, tests: readonly Tested[]) =>
    tests.map(
      ([field, all]) =>
        `${part} ${field} ${all.map(([kind, value]) => `${kind} ${describeOperand(value)}`).join(" and ")}`,
    );
  const nested = (all: readonly CheckedCondition[], word: string) =>
    all.length === 0 ? "never" : all.map((one) => `(${describeCondition(one)})`).join(word);
  const parts = [
    ...(condition.changed === undefined ? [] : [`changed ${condition.changed.join(" or ")}`]),
    ...of("was", condition.was),
    ...of("is", condition.is),
    ...of("becomes", condition.becomes ?? []),
    ...(condition.all.length === 0 ? [] : [nested(condition.all, " and ")]),
    ...(condition.some === undefined ? [] : [nested(condition.some, " or ")]),
    ...(condition.not === undefined ? [] : [`not (${describeCondition(condition.not)})`]),
  ];
  return parts.length === 0 ? "always" : parts.join(" and ");
}

function describeOperand(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeOperand).join(", ")}]`;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null && "toFixed" in value) return String(value);
  return describe(value);
}
