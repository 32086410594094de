import { isEventBusError } from "../errors.js";
import { causesOf } from "../log/error-line.js";
import { plainError, stackTextOf, storableText } from "../log/plain-error.js";
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

/** The last cause, at the end, is the reason for all others, so the end is kept. */
const MAX_STACK_START = 4_000;
const MAX_STACK_END = 2_000;

/** Describes a thrown value with texts that can be stored. Never throws, whatever its getters do. */
export function describeError(thrown: unknown): ErrorDescription {
  const plain = plainError(thrown);
  const { name, message, code, stack } = plain;
  const causes = causesOf(plain);
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

function withoutMiddle(stack: string): string {
  if (stack.length <= MAX_STACK_START + MAX_STACK_END) return stack;
  const end = stack.slice(-MAX_STACK_END);
  return `${storableText(stack, MAX_STACK_START)}\n${storableText(end, MAX_STACK_END)}`;
}
