import { isSubscriber } from "./define-subscriber.js";
import type { Subscriber } from "./subscriber.js";

/** The exports of a module, by name. */
export type SubscribersModule = Readonly<Record<string, unknown>>;

/** The property under which a module compiled to CommonJS has its exports again, or only there. */
const EXPORTS = ["default", "module.exports"];

/** The subscribers that a module exports, also in arrays. Other exports, such as helpers and events, are ignored. */
export function subscribersOfModule(module: SubscribersModule): readonly Subscriber[] {
  const found = new Set<Subscriber>();
  const inner = EXPORTS.map((name) => module[name]).filter(isModule);
  for (const exported of [module, ...inner].flatMap((one) => Object.values(one))) {
    for (const one of Array.isArray(exported) ? exported : [exported]) if (isSubscriber(one)) found.add(one);
  }
  return Array.from(found);
}

/** Whether a value can be a module, as `import()` returns it. */
export function isModule(value: unknown): value is SubscribersModule {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isSubscriber(value);
}

/**
 * What `Object.values(await import("./subscribers.js"))` gives, without what a module that was compiled to CommonJS has beside
 * its exports: these once more, as a whole, and the mark `__esModule`.
 */
export function valuesOfModule(values: readonly unknown[]): readonly unknown[] {
  const wholes = values.filter(isModule).filter((one) => isWhole(one, values));
  const isMarked = wholes.some((one) => one["__esModule"] === true);
  const extras = new Set<unknown>(isMarked ? [...wholes, true] : wholes);
  return values.filter((one) => !extras.has(one));
}

/** Whether an object has subscribers, and nothing that is not among the values too. */
function isWhole(one: SubscribersModule, values: readonly unknown[]): boolean {
  const inner = Object.values(one);
  return inner.some(isSubscriber) && inner.every((value) => values.includes(value));
}
