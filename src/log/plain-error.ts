import { types } from "node:util";

/**
 * The part of a thrown value that is logged and stored. Other properties are left out, because they can hold secrets: HTTP clients
 * attach the request with its headers, and drivers their options. The size is limited, and PostgreSQL can store every text in it.
 */
export interface PlainError {
  readonly name: string;
  /** Its message; if it has none, that of an inner error or of its cause. */
  readonly message: string;
  readonly code?: string | number;
  /** The `path` of an `EventBusError`, or the file of a file system error. */
  readonly path?: string;
  readonly stack?: string;
  readonly cause?: PlainError | string;
  /** How many causes were left out between this error and `cause`, which then is the last cause of the chain. */
  readonly causesLeftOut?: number;
  /** The errors of an `AggregateError`. */
  readonly errors?: readonly (PlainError | string)[];
}

const MAX_NAME = 200;
const MAX_MESSAGE = 2_000;
const MAX_STACK = 4_000;
/** The greatest number of errors kept of one thrown value: causes, causes of causes, inner errors. */
const MOST_ERRORS = 20;
/** The greatest depth of causes kept; beyond it only the last cause is kept. */
const MOST_CAUSES = 10;
/** The greatest number of errors kept of an `AggregateError`. */
const MOST_INNER = 10;
/** The greatest number of causes followed: a getter may return a new cause at each access. */
const LONGEST_CHAIN = 1_000;

/** The loggable form of a thrown value. Never throws, whatever its getters and proxies do. */
export function plainError(thrown: unknown): PlainError {
  return told(thrown, { budget: { left: MOST_ERRORS }, around: [], causes: 0 });
}

/** Whether a value is an error of this realm or of another one (a vm, another copy of the globals). Never throws. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    // The value is a revoked proxy.
    return false;
  }
}

/** The place of an error among causes and inner errors. */
interface Place {
  /** How many more errors may be kept, in any place. */
  readonly budget: { left: number };
  /** The errors that contain it as a cause or inner error. Errors can contain themselves. */
  readonly around: readonly unknown[];
  /** How many of these contain it as a cause. */
  readonly causes: number;
}

function told(thrown: unknown, place: Place): PlainError {
  place.budget.left -= 1;
  if (!isObject(thrown)) return toldValue(thrown);
  const isAnError = isError(thrown);
  const name = textAt(thrown, "name") || classOf(thrown);
  const code = read(thrown, "code");
  const path = read(thrown, "path");
  const stack = read(thrown, "stack");
  const cause = causeOf(thrown, place);
  const errors = innerOf(thrown, place);
  const short = storableText(name, MAX_NAME);
  const own = textAt(thrown, "message");
  const message =
    storableText(own, MAX_MESSAGE) ||
    messageIn(errors?.[0] ?? cause?.cause) ||
    (isCode(code) ? `code ${code}` : "") ||
    (isAnError ? "an error without a message" : aKindOf(thrown));
  return {
    name: short,
    message,
    ...(isCode(code) ? { code: typeof code === "string" ? storableText(code, MAX_NAME) : code } : {}),
    ...(typeof path === "string" ? { path: storableText(path, MAX_MESSAGE) } : {}),
    ...(typeof stack === "string" && stack !== "" ? { stack: stackOf(stack, own) } : {}),
    ...cause,
    ...(errors === undefined ? {} : { errors }),
  };
}

function toldValue(thrown: unknown): PlainError {
  const name = thrown === null ? "null" : typeof thrown;
  if (typeof thrown === "string" && thrown !== "")
    return { name, message: storableText(thrown, MAX_MESSAGE) };
  return { name, message: `thrown: ${shown(thrown)}` };
}

function shown(thrown: unknown): string {
  if (thrown === "") return "an empty string";
  return storableText(typeof thrown === "bigint" ? `${thrown}n` : String(thrown), MAX_MESSAGE);
}

/** The cause. In a long chain, the last cause, which is the reason of the others, replaces those in between. */
function causeOf(thrown: object, place: Place): Pick<PlainError, "cause" | "causesLeftOut"> | undefined {
  let cause = read(thrown, "cause");
  if (cause === undefined || place.budget.left <= 0) return undefined;
  const around = [...place.around, thrown];
  let leftOut = 0;
  if (place.causes >= MOST_CAUSES) {
    const seen = new Set<unknown>(around);
    for (let next = cause; leftOut < LONGEST_CHAIN && isObject(next) && !seen.has(next); ) {
      seen.add(next);
      const further = read(next, "cause");
      if (further === undefined || seen.has(further)) break;
      next = cause = further;
      leftOut += 1;
    }
  }
  return {
    cause: inside(cause, place, around, place.causes + 1),
    ...(leftOut > 0 ? { causesLeftOut: leftOut } : {}),
  };
}

function innerOf(thrown: object, place: Place): readonly (PlainError | string)[] | undefined {
  const errors = read(thrown, "errors");
  if (!isList(errors) || place.budget.left <= 0) return undefined;
  const around = [...place.around, thrown];
  const length = Math.min(Number(read(errors, "length")) || 0, Number.MAX_SAFE_INTEGER);
  const inner: (PlainError | string)[] = [];
  while (inner.length < Math.min(length, MOST_INNER) && place.budget.left > 0)
    inner.push(inside(read(errors, String(inner.length)), place, around, place.causes));
  if (inner.length < length) inner.push(`and ${length - inner.length} more`);
  return inner;
}

function inside(
  one: unknown,
  { budget }: Place,
  around: readonly unknown[],
  causes: number,
): PlainError | string {
  if (around.includes(one)) return "[again]";
  if (isObject(one)) return told(one, { budget, around, causes });
  budget.left -= 1;
  return typeof one === "string" ? storableText(one, MAX_MESSAGE) : shown(one);
}

/** The stack of an error, followed by the stacks of its causes, as Node.js prints them. Never throws. */
export function stackText(thrown: unknown): string {
  return stackTextOf(plainError(thrown));
}

/** The same for an error that is in its loggable form already. */
export function stackTextOf(error: PlainError): string {
  return lines(error, "").join("\n");
}

function lines(error: PlainError | string, label: string): string[] {
  if (typeof error === "string") return [`${label}${error}`];
  const { name, message, code, stack = `${name}: ${message}`, cause, causesLeftOut, errors = [] } = error;
  const more = [
    ...(code === undefined || stack.includes(String(code)) ? [] : [`code: ${code}`]),
    ...(causesLeftOut === undefined ? [] : [`[${causesLeftOut} causes in between]`]),
    ...(cause === undefined ? [] : lines(cause, "[cause]: ")),
    ...errors.flatMap((one, n) => lines(one, `[errors] ${n}: `)),
  ];
  return [`${label}${stack}`, ...more.flatMap((line) => line.split("\n").map((one) => `  ${one}`))];
}

/** The stack with its message cut: a long message would leave no room for the frames. */
function stackOf(stack: string, message: string): string {
  const at = message.length > MAX_MESSAGE ? stack.indexOf(message) : -1;
  if (at === -1) return storableText(stack, MAX_STACK);
  const before = stack.slice(0, Math.min(at, MAX_NAME));
  return storableText(
    `${before}${storableText(message, MAX_MESSAGE)}${stack.slice(at + message.length)}`,
    MAX_STACK,
  );
}

function messageIn(one: PlainError | string | undefined): string {
  return typeof one === "string" ? one : (one?.message ?? "");
}

/** The kind of a thrown value that is no error. Its content is not shown, because it was not meant to be read. */
function aKindOf(thrown: object): string {
  return typeof thrown === "function" ? "a function" : "an object that is no error";
}

function classOf(thrown: object): string {
  const made = read(thrown, "constructor");
  const name = isObject(made) ? textAt(made, "name") : "";
  return name || typeof thrown;
}

function isCode(code: unknown): code is string | number {
  return (typeof code === "string" && code !== "") || typeof code === "number";
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function isList(value: unknown): value is object {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Reads a property. A getter or a proxy may throw. */
function read(from: object, name: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined;
  }
}

function textAt(from: object, name: string): string {
  const value = read(from, name);
  return typeof value === "string" ? value : "";
}

/**
 * Cuts a text and replaces what PostgreSQL refuses in jsonb: the NUL character and halves of surrogate pairs. The mark of the cut
 * is ASCII, which every encoding of databases has.
 */
export function storableText(value: string, maxLength: number): string {
  const short = value.length > maxLength ? `${value.slice(0, maxLength)}...` : value;
  return short.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}
