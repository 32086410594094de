import { isDecimal } from "../../codec/decimal.js";
import type { Model, Models, ScalarField } from "../../models/model.js";
import { isGiven, isSkipped } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";

/** The values of a `where`, and what it looks at. */
export interface WhereValues {
  /** How many values it holds, each a parameter of the statement. */
  count: number;
  /** Its lists of values, with their paths. */
  readonly lists: { readonly path: readonly Step[]; readonly values: readonly unknown[] }[];
  /** Fields of the model that it looks at. */
  readonly fields: Set<string>;
  /** Whether it looks at other rows, or compares columns with each other. */
  looksElsewhere: boolean;
  /** Whether its statement reads any column. */
  readsColumns: boolean;
}

/** The arguments of one of the statements of a call, with the values of its `where`. */
export interface WhereChunk {
  readonly args: CallArgs;
  readonly values: WhereValues;
}

type Step = string | number;

/** Counts and finds the values of a `where`, those in relations too. */
export function valuesIn(models: Models, model: Model, where: unknown): WhereValues {
  const found: WhereValues = {
    count: 0,
    lists: [],
    fields: new Set(),
    looksElsewhere: false,
    readsColumns: false,
  };
  inWhere({ models, found, isOwn: true }, model, where, []);
  return found;
}

interface Walk {
  readonly models: Models;
  readonly found: WhereValues;
  /** Whether the fields are those of the call's own rows. */
  readonly isOwn: boolean;
}

function inWhere(walk: Walk, model: Model, where: unknown, path: readonly Step[]): void {
  if (Array.isArray(where)) {
    for (const [index, part] of where.entries()) inWhere(walk, model, part, [...path, index]);
    return;
  }
  if (!isRecord(where) || isSkipped(where)) return;
  for (const [name, condition] of Object.entries(where)) {
    if (!isGiven(condition)) continue;
    const at = [...path, name];
    const field = model.scalars.get(name);
    const relation = model.relations.get(name);
    if (CONNECTIVES.has(name)) inWhere(walk, model, condition, at);
    else if (field !== undefined) {
      if (walk.isOwn) walk.found.fields.add(name);
      inFilter(walk.found, field, condition, at);
    } else {
      walk.found.looksElsewhere = true;
      walk.found.readsColumns = true;
      const other = relation === undefined ? undefined : walk.models.get(relation.model);
      if (other !== undefined) inRelation({ ...walk, isOwn: false }, other, condition, at);
    }
  }
}

const CONNECTIVES: ReadonlySet<string> = new Set(["AND", "OR", "NOT"]);
const QUANTIFIERS = ["is", "isNot", "some", "every", "none"];

function inRelation(walk: Walk, model: Model, condition: unknown, path: readonly Step[]): void {
  if (!isRecord(condition)) return;
  const own = QUANTIFIERS.filter((name) => name in condition && !model.scalars.has(name));
  if (own.length === 0) inWhere(walk, model, condition, path);
  for (const name of own) inWhere(walk, model, condition[name], [...path, name]);
}

function inFilter(found: WhereValues, field: ScalarField, condition: unknown, path: readonly Step[]): void {
  if (!isRecord(condition)) {
    found.readsColumns = true;
    found.count += condition === null ? 0 : 1;
    found.looksElsewhere ||= isReference(condition);
    return;
  }
  for (const [name, operand] of Object.entries(condition)) {
    if (!isGiven(operand) || name === "mode") continue;
    // Prisma knows the result of an empty list.
    const isEmpty = Array.isArray(operand) && operand.length === 0;
    if (!isEmpty && (name !== "not" || !isRecord(operand))) found.readsColumns = true;
    if (operand === null) continue;
    if (Array.isArray(operand) && !field.isList && (name === "in" || name === "notIn")) {
      found.lists.push({ path: [...path, name], values: operand });
      found.count += operand.length;
    } else if (name === "not" && isRecord(operand)) inFilter(found, field, operand, [...path, name]);
    else {
      // Each step of a path into Json is a value.
      found.count += name === "path" && Array.isArray(operand) ? operand.length : 1;
      found.looksElsewhere ||= isReference(operand);
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a condition compares with another column of the row. */
function isReference(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !isRecord(value) &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !ArrayBuffer.isView(value) &&
    !isDecimal(value)
  );
}

/** A `where` with another list in the place of one. */
export function withList(where: unknown, path: readonly Step[], values: readonly unknown[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return values;
  if (Array.isArray(where))
    return where.map((part: unknown, index) => (index === step ? withList(part, rest, values) : part));
  const record = (where ?? {}) as Readonly<Record<string, unknown>>;
  return { ...record, [step]: withList(record[step], rest, values) };
}
