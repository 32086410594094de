import { isEventBusError } from "../errors.js";
import { type PlainError, plainError, stackTextOf, storableText } from "../log/plain-error.js";
import { isConnectionError, isWriteConflict } from "./connection-error.js";

/** A thrown value, as it is recorded. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  /** Its causes and inner errors, as `name: message (code)`. */
  readonly causes?: readonly string[];
  readonly stack?: string;
}

const MAX_CAUSE = 500;
/** The last cause, at the end, is the reason for all others, so the end is kept. */
const MAX_STACK_START = 4_000;
const MAX_STACK_END = 2_000;

/** Describes a thrown value with texts that can be stored. Never throws, whatever its getters do. */
export function describeError(thrown: unknown): ErrorDescription {
  const plain = plainError(thrown);
  const { name, message, code, stack } = plain;
  const causes = within(plain).map(line);
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(causes.length === 0 ? {} : { causes }),
    ...(stack === undefined && causes.length === 0 ? {} : { stack: withoutMiddle(stackTextOf(plain)) }),
  };
}

/** The thrown value; or another error, if reading it throws, because then it could not be recorded. */
export function inspectable(thrown: unknown): unknown {
  try {
    for (const look of [isEventBusError, isConnectionError, isWriteConflict]) look(thrown);
    return thrown;
  } catch {
    return new Error("an error was thrown that cannot be described");
  }
}

/** The causes and inner errors of an error, in reading order. */
function within({ cause, errors = [] }: PlainError): readonly (PlainError | string)[] {
  const next = cause === undefined ? errors : [cause, ...errors];
  return next.flatMap((one) => (typeof one === "string" ? [one] : [one, ...within(one)]));
}

function line(one: PlainError | string): string {
  if (typeof one === "string") return storableText(one, MAX_CAUSE);
  const { name, message, code } = one;
  const suffix = code === undefined || message.includes(String(code)) ? "" : ` (${code})`;
  return `${name}: ${storableText(message, MAX_CAUSE)}${suffix}`;
}

function withoutMiddle(stack: string): string {
  if (stack.length <= MAX_STACK_START + MAX_STACK_END) return stack;
  const end = stack.slice(-MAX_STACK_END);
  return `${storableText(stack, MAX_STACK_START)}\n${storableText(end, MAX_STACK_END)}`;
}
