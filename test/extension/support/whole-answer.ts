import { inspect } from "node:util";

/**
 * A result with all that can be found out about it: descriptors, keys in their order, what is reached by names and what
 * is shown, also behind proxies.
 *
 * @param names of fields that may be reachable though they are not among the keys.
 */
export function wholeAnswer(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => wholeAnswer(item, names));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const keys = Reflect.ownKeys(value).filter((key) => typeof key === "string");
  return {
    keys: Object.keys(value),
    descriptors: keys.map((key) => {
      const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(value, key) ?? {};
      return { key, enumerable, configurable, writable };
    }),
    reached: names.map((name) => [name, name in value, wholeAnswer(Reflect.get(value, name), names)]),
    json: JSON.stringify(value),
    spread: Object.keys({ ...value }),
    shown: inspect(value, { showHidden: true, showProxy: true, depth: 6 }),
  };
}
