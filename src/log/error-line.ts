import { type PlainError, storableText } from "./plain-error.js";

const MAX_CAUSE = 500;

/** An error for a line of text: its causes are those of {@link causesOf}. */
export interface ErrorWithCauses {
  readonly name: string;
  readonly message: string;
  readonly causes?: readonly string[];
}

/** The causes and inner errors of an error, in reading order, each as `name: message (code)`. */
export function causesOf(error: PlainError): readonly string[] {
  return within(error).map(causeLine);
}

/** An error with its first cause: `TypeError: fetch failed <- Error: bad port`. The message alone often does not tell the cause. */
export function errorLine({ name, message, causes = [] }: ErrorWithCauses): string {
  const [cause = ""] = causes;
  return message.includes(cause) || cause.endsWith(`: ${message}`)
    ? `${name}: ${message}`
    : `${name}: ${message} <- ${cause}`;
}

function within({ cause, errors = [] }: PlainError): readonly (PlainError | string)[] {
  const next = cause === undefined ? errors : [cause, ...errors];
  return next.flatMap((one) => (typeof one === "string" ? [one] : [one, ...within(one)]));
}

function causeLine(one: PlainError | string): string {
  if (typeof one === "string") return storableText(one, MAX_CAUSE);
  const { name, message, code } = one;
  const suffix = code === undefined || message.includes(String(code)) ? "" : ` (${code})`;
  return `${name}: ${storableText(message, MAX_CAUSE)}${suffix}`;
}
