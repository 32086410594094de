import { inspect } from "node:util";

import { isDecimal } from "../codec/decimal.js";
import type { MatcherContext } from "./matcher.js";

const LONGEST = 300;

/** A value on one line, as the runner shows it. */
export function showValue(value: unknown, { utils }: MatcherContext): string {
  if (typeof value === "object" && value !== null) {
    // Runners print the JSON of a Decimal, which is a string: it would look like a string.
    if (isDecimal(value)) return `Decimal "${value.toFixed()}"`;
    // Runners print the JSON of a Buffer, which does not look like bytes.
    if (Buffer.isBuffer(value)) return showValue(new Uint8Array(value), { utils });
  }
  return onOneLine(utils?.stringify?.(value) ?? inspect(value, { breakLength: Infinity, depth: 5 }));
}

/** A thrown error on one line. A long message keeps both ends, because Prisma puts the reason at the end. */
export function showError({ name, message }: { readonly name: string; readonly message: string }): string {
  const line = `${name}: ${message.trim()}`.replace(/\s*\n\s*/g, " ");
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST / 2)} … ${line.slice(-LONGEST / 2)}`;
}

function onOneLine(text: string): string {
  const line = text.replace(/\s*\n\s*/g, " ");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
