import { EventBusError } from "../errors.js";
import { didYouMean } from "./nearest-name.js";

/** An unchecked object of options. */
export type UnknownOptions = Readonly<Record<string, unknown>>;

/** The place of options, for messages and for the path of an error. */
export interface Place {
  /** The call that they were passed to: `defineSubscriber("x")`. */
  readonly of: string;
  /** Their path in the options of the call: `retry`. Undefined for the options themselves. */
  readonly path?: string;
}

/** The place of an option of a place: that of `User` in `capture` is `capture.User`. */
export function within(place: Place, option: string): Required<Place> {
  return { of: place.of, path: place.path === undefined ? option : `${place.path}.${option}` };
}

/** Options whose values messages must not show. */
const SECRET = /passw|secret|token|credential|authorization|^(direct)?url$/i;

/** The error for a wrong value of an option: names the value and the expected ones. */
export function invalidOption(option: string, value: unknown, expected: string, place: Place): EventBusError {
  const { path } = within(place, option);
  const found =
    SECRET.test(option) && typeof value === "string" ? "a text that is not shown" : describe(value);
  return new EventBusError("INVALID_OPTION", `${path} in ${place.of} is ${found}: expected ${expected}`, {
    value,
    path,
  });
}

/** Refuses anything but an object whose keys are all known, and whose values can be read. */
export function checkOptions(value: unknown, known: readonly string[], place: Place): UnknownOptions {
  if (!isObject(value)) {
    const { path = "options" } = place;
    throw invalidOption(path, value, "an object", { of: place.of });
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) {
      assertReadable(value, key, place);
      continue;
    }
    const { path } = within(place, key);
    const message = `unknown option "${path}" in ${place.of}${didYouMean(key, known)}`;
    throw new EventBusError("INVALID_OPTION", message, { value: value[key], path });
  }
  return value;
}

/** The nested options at `option`, checked by {@link checkOptions}; empty if not given. */
export function checkNested(
  options: UnknownOptions,
  option: string,
  known: readonly string[],
  place: Place,
): UnknownOptions {
  // Not `??`: null is a wrong value like any other.
  const { [option]: value = {} } = options;
  return checkOptions(value, known, within(place, option));
}

function assertReadable(options: UnknownOptions, option: string, place: Place): void {
  try {
    void options[option];
  } catch (cause) {
    const { path } = within(place, option);
    const message = `${path} in ${place.of} cannot be read, its getter throws: expected a value`;
    throw new EventBusError("INVALID_OPTION", message, { cause, path });
  }
}

/** The limits and the default of a number. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  readonly defaultsTo: number;
  /** The unit, for the message: "milliseconds". */
  readonly of?: string;
}

/** The whole number at `option`, or its default. */
export function checkInteger(
  options: UnknownOptions,
  option: string,
  range: IntegerRange,
  place: Place,
): number {
  const value = options[option];
  if (value === undefined) return range.defaultsTo;
  if (typeof value === "number" && Number.isInteger(value) && value >= range.min && value <= range.max)
    return value;
  const counted = range.of === undefined ? "" : ` of ${range.of}`;
  throw invalidOption(option, value, `a whole number${counted} from ${range.min} to ${range.max}`, place);
}

/** The number at `option`, or its default; it need not be whole. */
export function checkNumber(
  options: UnknownOptions,
  option: string,
  { min, max, defaultsTo, of = "a number" }: IntegerRange,
  place: Place,
): number {
  const value = options[option];
  if (value === undefined) return defaultsTo;
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalidOption(option, value, `${of} from ${min} to ${max}`, place);
}

/** The logger at `option`; undefined if not given. */
export function checkLogger(options: UnknownOptions, option: string, place: Place): unknown {
  return checkMethods(options, option, ["debug", "info", "warn", "error"], "a logger such as console", place);
}

/** The object with certain methods at `option`; undefined if not given. */
export function checkMethods(
  options: UnknownOptions,
  option: string,
  methods: readonly string[],
  what: string,
  place: Place,
): unknown {
  const value = options[option];
  if (value === undefined) return value;
  const given = Object(value) as UnknownOptions;
  if (methods.every((method) => typeof given[method] === "function")) return value;
  throw invalidOption(option, value, `${what}, with ${methods.join("(), ")}()`, place);
}

/** The function at `option`; undefined if not given. */
export function checkFunction(options: UnknownOptions, option: string, place: Place): unknown {
  const value = options[option];
  if (value !== undefined && typeof value !== "function")
    throw invalidOption(option, value, "a function", place);
  return value;
}

/** The flag at `option`; false if not given. Other values, such as a text, are refused. */
export function checkFlag(options: UnknownOptions, option: string, place: Place): boolean {
  const value = options[option];
  if (value === undefined || typeof value === "boolean") return value === true;
  throw invalidOption(option, value, "true or false", place);
}

// Letters, marks, digits, punctuation and symbols, with single spaces between, because people read names, also in logs.
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+( [\p{L}\p{M}\p{N}\p{P}\p{S}]+)*$/u;

/** A name that can be stored, printed and compared. */
export function checkName(value: unknown, option: string, maxLength: number, place: Place): string {
  if (typeof value === "string" && value.length <= maxLength && printable.test(value)) return value;
  throw invalidOption(option, value, `1 to ${maxLength} printable characters`, place);
}

/** The kind of an object: `[object Date]`. */
const BUILT_IN =
  /^\[object (Date|RegExp|(Weak)?(Map|Set)|WeakRef|Promise|Error|Number|String|Boolean|Symbol|BigInt|(Shared)?ArrayBuffer|DataView|\w*Array)\]$/;

/**
 * Whether a value is an object with keys. Arrays and functions are not, nor are dates, maps, promises and the like, which would
 * seem to have no keys.
 */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !BUILT_IN.test(tagOf(value));
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

/** Matches a connection string from its scheme on: passwords can be in several places of it, and not always escaped. */
const CONNECTION = /\b([a-z][a-z0-9+.-]*):\/\/[\s\S]*|\b(?=(?:password|passwd|pwd)\s*=)[\s\S]*/i;

/** A value for a message: short, without the content of objects and of connection strings. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    const text = value.replace(CONNECTION, (_, scheme?: string) =>
      scheme === undefined ? "…" : `${scheme}://…`,
    );
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  }
  if (typeof value === "bigint") return `${value}n`;
  // A class may have a member `name` that is anything.
  if (typeof value === "function") {
    const name: unknown = value.name;
    return typeof name === "string" && name !== "" ? `the function ${name}` : "a function";
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "object" && value !== null) {
    const [, tag] = BUILT_IN.exec(tagOf(value)) ?? [];
    if (tag === "Date" && Number.isNaN(Number(value))) return "an invalid Date";
    return tag === undefined ? "an object" : `${/^[AE]/.test(tag) ? "an" : "a"} ${tag}`;
  }
  return String(value);
}
