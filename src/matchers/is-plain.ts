/** Whether it is an object in the sense of `{}`: no list, and of no class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Rows of another realm have another Object.prototype, which has none either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
