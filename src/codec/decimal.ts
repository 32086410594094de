// The same class that the generated clients use, so that `event.aggregate.total instanceof Prisma.Decimal` holds.
import { Decimal } from "@prisma/client/runtime/client";

export { Decimal };

/** A value of decimal.js, of whichever copy of it. */
export interface DecimalLike {
  toFixed(): string;
}

/**
 * Whether `value` is a decimal of any copy of decimal.js: generated clients can bring their own, so that
 * `instanceof` would miss them.
 */
export function isDecimal(value: object): value is DecimalLike {
  return (
    value instanceof Decimal ||
    (Object.prototype.toString.call(value) === "[object Decimal]" &&
      "toFixed" in value &&
      "s" in value &&
      "e" in value)
  );
}
