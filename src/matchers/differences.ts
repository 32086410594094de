import { sameValue } from "../changes/same-value.js";

/** A place in a value that is not as it was. */
export interface ValueChange {
  /** `[1].amount`; empty for the value itself. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Every place in which two values differ; what is only in one of them is undefined in the other. */
export function differences(before: unknown, after: unknown, path = ""): readonly ValueChange[] {
  if (sameValue(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) =>
      differences(before[index], after[index], `${path}[${index}]`),
    ).flat();
  }
  if (isPlain(before) && isPlain(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) =>
      differences(before[key], after[key], path === "" ? key : `${path}.${key}`),
    );
  }
  return [{ path, before, after }];
}

/** A copy that stays as it is when lists and objects are changed later. */
export function frozenCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(frozenCopy);
  if (!isPlain(value)) return value instanceof Date ? new Date(value) : value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, frozenCopy(item)]));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Rows of another realm have another Object.prototype, which has none either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
