import { EventBusError } from "../errors.js";
import { invalidOption, isObject, type Place, within } from "./check-options.js";

/** The omitted and masked fields of a model. */
export interface Redaction {
  /** Fields that events leave out. */
  readonly omit: ReadonlySet<string>;
  /** The masks by field: what replaces the value. */
  readonly mask: ReadonlyMap<string, (value: unknown) => unknown>;
}

/** Redactions by model. A model without omitted and masked fields has none. */
export type Redactions = ReadonlyMap<string, Redaction>;

/** Checks `omit` and `mask` of a model; undefined if both are empty. */
export function checkRedaction(
  given: { readonly omit?: unknown; readonly mask?: unknown },
  ofModel: Place,
): Redaction | undefined {
  const omit = checkOmit(given.omit, ofModel);
  const mask = checkMask(given.mask, ofModel);
  const both = [...mask.keys()].find((field) => omit.has(field));
  if (both !== undefined)
    throw invalidOption(`mask.${both}`, both, "a field that omit does not name", ofModel);
  return omit.size + mask.size === 0 ? undefined : Object.freeze({ omit, mask });
}

function checkOmit(value: unknown, ofModel: Place): ReadonlySet<string> {
  if (value === undefined) return new Set();
  if (!Array.isArray(value))
    throw invalidOption("omit", value, 'an array of fields, such as ["password"]', ofModel);
  for (const [index, field] of value.entries()) {
    if (typeof field !== "string")
      throw invalidOption(`omit[${index}]`, field, "the name of a field", ofModel);
  }
  return new Set(value as readonly string[]);
}

function checkMask(value: unknown, ofModel: Place): Redaction["mask"] {
  if (value === undefined) return new Map();
  if (!isObject(value)) throw invalidOption("mask", value, "an object of functions by field", ofModel);
  const place = within(ofModel, "mask");
  for (const [field, mask] of Object.entries(value)) {
    if (typeof mask !== "function")
      throw invalidOption(field, mask, "a function of the field's value", place);
  }
  return new Map(Object.entries(value)) as Redaction["mask"];
}

/** Refuses names that are no fields of the model, and fields of its key, because every event has the key. */
export function checkRedactedFields(
  model: string,
  { omit, mask }: Redaction,
  fields: ReadonlySet<string>,
  key: readonly string[],
): void {
  for (const [option, names] of [["omit", omit] as const, ["mask", mask.keys()] as const]) {
    for (const field of names) {
      const path = `capture.${model}.${option}`;
      if (!fields.has(field)) {
        const message = `unknown field "${field}" at ${path} in eventBus(): expected a field of ${model} with a column`;
        throw new EventBusError("UNKNOWN_MODEL", message, { value: field, path });
      }
      if (key.includes(field)) {
        const message = `${path} in eventBus() names "${field}", a field of the key, which every event says: expected others`;
        throw new EventBusError("INVALID_OPTION", message, { value: field, path });
      }
    }
  }
}
