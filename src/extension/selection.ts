import type { Model } from "./schema/model.js";

/** Arguments of a call, as Prisma takes them. */
export type CallArgs = Readonly<Record<string, unknown>>;

type Flags = Readonly<Record<string, unknown>>;

/**
 * The arguments with every column selected, so that the mutation's own answer is the row. A relation is never
 * added: that would cost statements. What Prisma would refuse is left as it is, so that it does refuse it.
 */
export function selectAllScalars(model: Model, args: CallArgs): CallArgs {
  const all = (flag: boolean) => Object.fromEntries(Array.from(model.scalars.keys(), (name) => [name, flag]));
  const { select, omit } = args;
  if (isFlags(select))
    return isEmptySelection(select) ? args : { ...args, select: { ...select, ...all(true) } };
  if (select !== undefined && select !== null) return args;
  // `omit: false` wins over what the client omits globally.
  return { ...args, omit: { ...(isFlags(omit) ? omit : {}), ...all(false) } };
}

/**
 * Hides the columns that the caller did not ask for. They stay readable by name, as other extensions' computed
 * fields read what they need after the query.
 */
export function hideUnselected(
  model: Model,
  args: CallArgs,
  globalOmit: Flags | undefined,
  row: object,
): void {
  const { select, omit } = args;
  for (const name of model.scalars.keys()) {
    const visible = isFlags(select)
      ? select[name] === true
      : (isFlags(omit) && typeof omit[name] === "boolean" ? omit[name] : globalOmit?.[name]) !== true;
    if (visible || !Object.hasOwn(row, name)) continue;
    Object.defineProperty(row, name, { enumerable: false });
  }
}

/** The columns of a row, without relations and computed fields. */
export function scalarsOf(model: Model, row: Flags): Record<string, unknown> {
  const scalars: Record<string, unknown> = {};
  for (const name of model.scalars.keys()) scalars[name] = row[name];
  return scalars;
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
