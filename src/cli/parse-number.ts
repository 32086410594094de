import { InvalidArgumentError } from "commander";

/** The value of an option that counts something. */
export function parseCount(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError("Expected a whole number, 0 or more.");
}

/** The value of an option that limits a listing. 0 is refused: an empty listing would look as if nothing existed. */
export function parseLimit(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}

/** The value of an option that is a pause in seconds; returns milliseconds. */
export function parseSeconds(text: string): number {
  const ms = Number(text) * 1_000;
  if (/^\d+(\.\d+)?$/.test(text) && ms >= 100 && ms <= 86_400_000) return ms;
  throw new InvalidArgumentError("Expected seconds, 0.1 to 86400.");
}

/** The values of an option that takes several positions of events. */
export function collectPositions(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, parseCount(text)];
}

/** The value of an option that is a port of this machine; 0 is any free one. */
export function parsePort(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError("Expected a port, 1 to 65535, or 0 for any free one.");
}
