import { isDecimal } from "../codec/decimal.js";
import type { ComputedNeeds } from "./computed-needs.js";
import type { Model } from "./schema/model.js";

/** Arguments of a call, as Prisma takes them. */
export type CallArgs = Readonly<Record<string, unknown>>;

type Flags = Readonly<Record<string, unknown>>;

/**
 * The arguments with every column selected, so that the mutation's own answer is the row. A relation is never
 * added: that would cost statements. What Prisma would refuse is left as it is, so that it does refuse it.
 */
export function selectAllScalars(model: Model, args: CallArgs, globalOmit: Flags | undefined): CallArgs {
  const all = (flag: boolean) => Object.fromEntries(Array.from(model.scalars.keys(), (name) => [name, flag]));
  const { select, omit } = args;
  if (isFlags(select))
    return isEmptySelection(select) ? args : { ...args, select: { ...select, ...all(true) } };
  if (select !== undefined && select !== null) return args;
  // All of them is what Prisma answers with by itself, which it makes the faster, the less there is to read.
  if ((omit === undefined || omit === null) && globalOmit === undefined) return args;
  // `omit: false` wins over what the client omits globally.
  return { ...args, omit: { ...(isFlags(omit) ? omit : {}), ...all(false) } };
}

/**
 * Takes away the columns that the caller did not ask for. Those that computed fields of other extensions read are
 * only hidden: Prisma computes after this, and then hides them altogether.
 */
export function dropUnselected(
  model: Model,
  args: CallArgs,
  globalOmit: Flags | undefined,
  needs: ComputedNeeds,
  row: object,
): void {
  const { select, omit } = args;
  const computes = !isFlags(select) || Object.keys(select).some((name) => !isOwnField(model, name));
  for (const name of model.scalars.keys()) {
    const visible = isFlags(select)
      ? select[name] === true
      : (isFlags(omit) && typeof omit[name] === "boolean" ? omit[name] : globalOmit?.[name]) !== true;
    if (visible || !Object.hasOwn(row, name)) continue;
    if (computes && needs.has(model.jsName, name)) Object.defineProperty(row, name, { enumerable: false });
    else Reflect.deleteProperty(row, name);
  }
}

/** A field of the model itself, not one that an extension computes. */
function isOwnField(model: Model, name: string): boolean {
  return model.scalars.has(name) || model.relations.has(name) || name === "_count";
}

/** A copy of the columns of a row, without relations and computed fields. The caller may change what he gets. */
export function scalarsOf(model: Model, row: Flags): Record<string, unknown> {
  const scalars: Record<string, unknown> = {};
  for (const name of model.scalars.keys()) scalars[name] = copyOf(row[name]);
  return scalars;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value)) return Uint8Array.from(value as Uint8Array);
  if (Array.isArray(value)) return value.map(copyOf);
  // Decimals cannot be changed.
  if (isDecimal(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
}

/** Whether the caller asked for anything beside columns: relations, counts. */
export function selectsRelations(model: Model, args: CallArgs): boolean {
  if (args["include"] !== undefined && args["include"] !== null) return true;
  const { select } = args;
  return (
    isFlags(select) &&
    Object.entries(select).some(([name, flag]) => !model.scalars.has(name) && Boolean(flag))
  );
}

function isFlags(value: unknown): value is Flags {
  return typeof value === "object" && value !== null;
}

function isEmptySelection(select: Flags): boolean {
  return !Object.values(select).some(Boolean);
}
