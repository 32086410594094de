import { InvalidArgumentError } from "commander";

/** The value of an option that counts something. */
export function parseCount(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError("Expected a whole number, 0 or more.");
}
