import { decode } from "../../src/codec/decode.js";
import { encode } from "../../src/codec/encode.js";
import type { TypeHint } from "../../src/codec/type-hint.js";

/** A value written and read again, JSON and hints as text in between, as in a database. */
export function roundTrip(value: unknown): unknown {
  const { json, hint } = encode(value, "value");
  const text = JSON.stringify([json, hint ?? null]);
  const [jsonRead, hintRead] = JSON.parse(text) as [unknown, TypeHint | null];
  return decode(jsonRead, hintRead, "value");
}
