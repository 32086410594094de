import { inspect } from "node:util";

import { isDecimal } from "../codec/decimal.js";
import type { MatcherContext } from "./matcher.js";

const LONGEST = 300;

/** A value on one line, as the runner shows it. */
export function showValue(value: unknown, { utils }: MatcherContext): string {
  if (typeof value === "object" && value !== null) {
    // Runners ask it for its JSON, and that is a text: it would look like the text that it is not.
    if (isDecimal(value)) return `Decimal "${value.toFixed()}"`;
    // The same with a Buffer, whose JSON is none of bytes at all.
    if (Buffer.isBuffer(value)) return showValue(new Uint8Array(value), { utils });
  }
  return onOneLine(utils?.stringify?.(value) ?? inspect(value, { breakLength: Infinity, depth: 5 }));
}

/** What was thrown, on one line. Of a long message both ends: Prisma says at the end of its messages what is wrong. */
export function showError({ name, message }: { readonly name: string; readonly message: string }): string {
  const line = `${name}: ${message.trim()}`.replace(/\s*\n\s*/g, " ");
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST / 2)} … ${line.slice(-LONGEST / 2)}`;
}

function onOneLine(text: string): string {
  const line = text.replace(/\s*\n\s*/g, " ");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
