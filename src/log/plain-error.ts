import { types } from "node:util";

/**
 * What is kept of something that was thrown, in logs and on record. Not everything that it carries: clients of HTTP APIs
 * put the request on their errors, with its headers, and drivers their options. Its size has a limit, and every text in it
 * can be stored.
 */
export interface PlainError {
  readonly name: string;
  /** Where it has none: that of an inner error or of the cause. */
  readonly message: string;
  readonly code?: string | number;
  /** Where, of an `EventBusError`; the file, of an error of the file system. */
  readonly path?: string;
  readonly stack?: string;
  readonly cause?: PlainError | string;
  /** So many causes between this error and its `cause` are left out: that is the last one of them all. */
  readonly causesLeftOut?: number;
  /** Of an `AggregateError`. */
  readonly errors?: readonly (PlainError | string)[];
}

const MAX_NAME = 200;
const MAX_MESSAGE = 2_000;
const MAX_STACK = 4_000;
/** So many errors are told of one that was thrown: causes, causes of causes, inner errors. */
const MOST_ERRORS = 20;
/** So many causes of causes, and the last one. */
const MOST_CAUSES = 10;
/** So many of the errors of an `AggregateError`. */
const MOST_INNER = 10;
/** Somebody's getter may make a new cause whenever it is asked. */
const LONGEST_CHAIN = 1_000;

/** Anything that was thrown, as it is logged. Never throws, whatever getters and proxies do. */
export function plainError(thrown: unknown): PlainError {
  return told(thrown, { budget: { left: MOST_ERRORS }, around: [], causes: 0 });
}

/** Whether it is an error, of this realm or of another one (a vm, another copy of the globals). Never throws. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    // A proxy that was revoked.
    return false;
  }
}

/** Where in the causes and inner errors it stands. */
interface Place {
  /** How many may still be told, wherever they stand. */
  readonly budget: { left: number };
  /** What it is a cause of, or one of several in: errors can lead back to themselves. */
  readonly around: readonly unknown[];
  /** How many of those have it as a cause. */
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

/** The cause: of a long chain the last one, which is the reason for the others, takes the place of those in between. */
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

/** The stack of an error with those of its causes beneath it, as Node.js writes them. Never throws. */
export function stackText(thrown: unknown): string {
  return stackTextOf(plainError(thrown));
}

/** The same of what is kept already. */
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

/** Without the message in it being as long as it likes: that would leave no place for what called what. */
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

/** An object that is no error says no more of itself than what it is: what is in it was not meant to be read. */
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

/** A getter may throw, and a proxy may do anything. */
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
 * PostgreSQL refuses the NUL character and halves of surrogate pairs in jsonb: a text with one could never be stored.
 * What stands for the rest is ASCII, which every database has.
 */
export function storableText(value: string, maxLength: number): string {
  const short = value.length > maxLength ? `${value.slice(0, maxLength)}...` : value;
  return short.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}
