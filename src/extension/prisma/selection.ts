import { isDecimal } from "../../codec/decimal.js";
import type { Model } from "../../models/model.js";
import type { Bus } from "./bus.js";
import { callerOf } from "./call-params.js";
import type { ComputedFields } from "./extensions.js";
import { type InternalParams, isSkipped } from "./internals.js";

/** Arguments of a call, as Prisma takes them. */
export type CallArgs = Readonly<Record<string, unknown>>;

type Flags = Readonly<Record<string, unknown>>;

/** What decides, beside its arguments, with which columns Prisma answers a call. */
export interface Answering {
  readonly model: Model;
  /** What the client omits of the model. */
  readonly globalOmit: Flags | undefined;
  /** The computed fields of the client that is called; undefined when it has none. */
  readonly computed: ComputedFields | undefined;
  /** Whether Prisma refuses an explicit `undefined`. */
  readonly isStrict: boolean;
}

/** How the client of a call is answered: with its own computed fields, whichever extensions came after this one. */
export function answeringOf(bus: Bus, model: Model, params: InternalParams): Answering {
  const client = callerOf(bus, params);
  return {
    model,
    globalOmit: bus.root._globalOmit?.[model.jsName],
    computed: client._extensions?.getAllComputedFields?.(model.name),
    isStrict: bus.root._previewFeatures?.includes("strictUndefinedChecks") === true,
  };
}

/**
 * The arguments with every column selected, so that the mutation's own answer is the row. A relation is never
 * added: that would cost statements. What Prisma would refuse is left as it is, so that it does refuse it: every flag of
 * the caller that is not plainly "no" stays in its place.
 */
export function selectAllScalars(answering: Answering, args: CallArgs): CallArgs {
  if (isAllSelected(answering, args)) return args;
  const { model, isStrict } = answering;
  // Prisma says so.
  const isRefused = (flags: Flags, name: string) =>
    isStrict && Object.hasOwn(flags, name) && flags[name] === undefined;
  const { select, omit, include } = args;
  if (select && (include || omit)) return args;
  if (isEmptySelection(answering, args)) return args;
  const columns = Array.from(model.scalars.keys());
  if (isFlags(select)) {
    // What computed fields need comes first, where Prisma puts it: the keys of the answer are in this order.
    const flags = selections(answering, select);
    const missing = columns.filter((name) => !isSelected(own(flags, name)) && !isRefused(flags, name));
    return { ...args, select: { ...flags, ...Object.fromEntries(missing.map((name) => [name, true])) } };
  }
  if (select) return args;
  const all = withoutLeftOut(answering, args);
  // All of them is what Prisma answers with by itself, which it makes the faster, the less there is to read.
  const flags = omissions(answering, omit);
  const hidden = columns.filter((name) => isOmitted(own(flags, name)));
  if (hidden.length === 0) return all;
  // `omit: false` wins over what the client omits globally.
  return { ...all, omit: { ...spread(omit), ...Object.fromEntries(hidden.map((name) => [name, false])) } };
}

/** Whether neither the call nor the client says which columns to read. */
function isAllSelected({ globalOmit }: Answering, { select, omit, include }: CallArgs): boolean {
  return select === undefined && omit === undefined && include === undefined && globalOmit === undefined;
}

/** Without columns that are told not to be included, which Prisma leaves out of the answer then. */
function withoutLeftOut({ model, isStrict }: Answering, args: CallArgs): CallArgs {
  const entries = Object.entries(spread(args["include"]));
  const others = entries.filter(
    ([name, flag]) => !model.scalars.has(name) || (flag === undefined ? isStrict : flag !== false),
  );
  return others.length === entries.length ? args : { ...args, include: Object.fromEntries(others) };
}

/**
 * Takes away the columns with which Prisma would not have answered. What computed fields of other extensions read
 * stays, as it would: Prisma itself hides it when they are computed.
 */
export function dropUnselected(answering: Answering, args: CallArgs, row: object): void {
  if (isAllSelected(answering, args)) return;
  const answered = answeredColumns(answering, args);
  for (const name of answering.model.scalars.keys()) {
    if (!answered.has(name)) Reflect.deleteProperty(row, name);
  }
}

/** The columns that Prisma reads for a call: those that are wanted, and those that computed fields need. */
function answeredColumns(answering: Answering, args: CallArgs): ReadonlySet<string> {
  const columns = Array.from(answering.model.scalars.keys());
  const { select, omit } = args;
  if (select) {
    const flags = selections(answering, select);
    return new Set(columns.filter((name) => isSelected(own(flags, name))));
  }
  const flags = { ...leftOut(args["include"]), ...engineOmissions(answering, omit) };
  return new Set(columns.filter((name) => !isOmitted(own(flags, name))));
}

/** Whether nothing at all is read, which Prisma refuses. */
function isEmptySelection(answering: Answering, args: CallArgs): boolean {
  const { model, computed } = answering;
  const { select, include } = args;
  if (answeredColumns(answering, args).size > 0) return false;
  const others = Object.entries(spread(select || include));
  const isComputedOnly = (name: string) =>
    computed !== undefined && Object.hasOwn(computed, name) && !model.relations.has(name);
  return !others.some(([name, flag]) => isSelected(flag) && !isComputedOnly(name));
}

// From here on as Prisma does it, for what is wanted and for what computed fields need beside it.

function selections({ computed = {} }: Answering, select: unknown): Flags {
  const wanted = spread(select);
  const flags = { ...wanted };
  for (const { name, needs } of Object.values(computed)) {
    if (wanted[name]) for (const column of needs) flags[column] = true;
  }
  return flags;
}

function omissions({ globalOmit }: Answering, omit: unknown): Flags {
  return { ...globalOmit, ...spread(omit) };
}

function engineOmissions(answering: Answering, omit: unknown): Flags {
  const wanted = omissions(answering, omit);
  const flags = Object.fromEntries(Object.entries(wanted).filter(([, flag]) => !isSkipped(flag)));
  for (const { name, needs } of Object.values(answering.computed ?? {})) {
    if (!wanted[name]) for (const column of needs) delete flags[column];
  }
  return flags;
}

/** Columns that are told not to be included are not, though Prisma's types have none there. */
function leftOut(include: unknown): Flags {
  const names = Object.entries(spread(include)).filter(([, flag]) => flag === false || flag === undefined);
  return Object.fromEntries(names.map(([name]) => [name, true]));
}

function isSelected(flag: unknown): boolean {
  return flag !== undefined && flag !== false && !isSkipped(flag);
}

function isOmitted(flag: unknown): boolean {
  return Boolean(flag) && !isSkipped(flag);
}

/** Names of columns may be those of `Object.prototype`. */
function own(flags: Flags, name: string): unknown {
  return Object.hasOwn(flags, name) ? flags[name] : undefined;
}

function spread(value: unknown): Record<string, unknown> {
  return { ...(value as object | undefined) };
}

/** A copy of the columns of a row, without relations and computed fields. The caller may change the row itself. */
export function scalarsOf(model: Model, row: Flags): Record<string, unknown> {
  const scalars: Record<string, unknown> = {};
  for (const name of model.scalars.keys()) scalars[name] = copyOf(own(row, name));
  return scalars;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value)) return Uint8Array.from(value as Uint8Array);
  // Decimals cannot be changed.
  if (isDecimal(value)) return value;
  // One call for each level: Json can have as many levels as the stack has room for.
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value as readonly unknown[]) items.push(copyOf(item));
    return items;
  }
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(value)) entries.push([key, copyOf((value as Flags)[key])]);
  return Object.fromEntries(entries);
}

/** Whether the caller asked for anything beside columns: relations, counts. */
export function selectsRelations(model: Model, args: CallArgs): boolean {
  if (args["include"] !== undefined && args["include"] !== null) return true;
  const { select } = args;
  return (
    isFlags(select) &&
    Object.entries(select).some(([name, flag]) => !model.scalars.has(name) && isSelected(flag))
  );
}

function isFlags(value: unknown): value is Flags {
  return typeof value === "object" && value !== null;
}
