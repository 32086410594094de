import { EventBusError } from "../../src/errors.js";

// What comes from code without types, query strings, forms and JSON: a value of every kind, for options of every kind.
const VALUES: readonly unknown[] = [
  ...[undefined, null, "", "true", true, false],
  ...[0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53, 10n],
  ...[{}, [], () => undefined, Symbol("s"), new Date(0), new Map(), Promise.resolve({})],
];

/** Whether a value is right for an option. */
export type Right = (value: unknown) => boolean;

/** Nothing of {@link VALUES}: what is right is a certain text, or made by the package. */
export const nothing: Right = () => false;
export const flag: Right = (value) => typeof value === "boolean";
export const aFunction: Right = (value) => typeof value === "function";
export const anObject: Right = (value) =>
  typeof value === "object" && value !== null && value.constructor === Object;
export const anArray: Right = Array.isArray;
export const aText: Right = (value) => typeof value === "string" && value !== "";
export const number =
  (min: number, max: number): Right =>
  (value) =>
    typeof value === "number" && value >= min && value <= max;
export const whole =
  (min: number, max: number): Right =>
  (value) =>
    number(min, max)(value) && Number.isInteger(value);
export const either =
  (...some: readonly Right[]): Right =>
  (value) =>
    some.some((right) => right(value));
/** It need not be given. */
export const optional = (right: Right): Right => either((value) => value === undefined, right);

/** An option as a message names it, a call that is given it, and what is right for it. */
export type Trial = readonly [name: string, call: (value: never) => unknown, right: Right];

/** What is right of {@link VALUES}. */
export function rightOf([, , right]: Trial): readonly string[] {
  return VALUES.filter(right).map(show);
}

/** What of {@link VALUES} is taken. Fails for a refusal that is no error of the package, or does not name the option. */
export async function takenBy([name, call]: Trial): Promise<readonly string[]> {
  const taken: string[] = [];
  for (const value of VALUES) {
    const error = await refusalOf(() => call(value as never));
    if (error === undefined) taken.push(show(value));
    else if (
      !(error instanceof EventBusError) ||
      !CODES.includes(error.code) ||
      !error.message.includes(name)
    )
      throw new Error(`${name}: ${show(value)} is not refused as it should be`, { cause: error });
  }
  return taken;
}

const CODES: readonly string[] = ["INVALID_OPTION", "INVALID_AGGREGATE", "UNKNOWN_MODEL"];

async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
}

/** Options of which one cannot be read. */
export function unreadable(option: string): object {
  return Object.defineProperty({}, option, {
    enumerable: true,
    get: () => {
      throw new TypeError("no");
    },
  });
}
