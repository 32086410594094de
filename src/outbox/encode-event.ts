import { encode } from "../codec/encode.js";
import type { EventHints } from "../codec/type-hint.js";
import { EventBusError } from "../errors.js";
import type { AnyEvent } from "../registry/event.js";

/** What an event needs beside itself to be stored. */
export interface EncodeOptions {
  readonly maxEventBytes: number;
  /** The PostgreSQL schema of the aggregate's table. */
  readonly sourceSchema?: string | null;
}

/**
 * An event as the JSON that `publish` takes.
 *
 * @throws EventBusError `VALUE_NOT_STORABLE` or `EVENT_TOO_LARGE`.
 */
export function encodeEvent(event: AnyEvent, options: EncodeOptions): string {
  const at = (part: string) => `${event.name}.${part}`;
  const aggregate = encode(event.aggregate ?? null, at("aggregate"));
  const changes = encode(event.changes ?? {}, at("changes"));
  const initialData = encode(event.initialData ?? {}, at("initialData"));
  const metadata = encode(event.metadata, at("metadata"));
  encode(event.aggregateKey, at("aggregateKey"));
  if (metadata.hint !== undefined) {
    throw new EventBusError(
      "VALUE_NOT_STORABLE",
      `${at("metadata")} holds values that JSON has no type for (${JSON.stringify(metadata.hint)}). ` +
        "Expected plain JSON: convert dates, bigints and the like to strings.",
      { path: at("metadata"), value: metadata.hint },
    );
  }
  const types: EventHints = {
    ...(aggregate.hint === undefined ? {} : { aggregate: aggregate.hint }),
    ...(changes.hint === undefined ? {} : { changes: changes.hint }),
    ...(initialData.hint === undefined ? {} : { initialData: initialData.hint }),
  };
  const text = JSON.stringify({
    id: event.id,
    name: event.name,
    version: event.version,
    aggregateType: event.aggregateType,
    aggregateKey: event.aggregateKey,
    operation: event.operation,
    sourceSchema: options.sourceSchema ?? null,
    aggregate: aggregate.json,
    changes: changes.json,
    initialData: initialData.json,
    metadata: metadata.json,
    types: Object.keys(types).length === 0 ? null : types,
  });
  // A character has at most three bytes in UTF-8: the exact size matters only near the limit.
  if (text.length * 3 > options.maxEventBytes)
    assertSize(event, Buffer.byteLength(text), options.maxEventBytes);
  return text;
}

function assertSize(event: AnyEvent, bytes: number, maxEventBytes: number): void {
  if (bytes <= maxEventBytes) return;
  throw new EventBusError(
    "EVENT_TOO_LARGE",
    `The event ${event.name} of ${event.aggregateType ?? "no aggregate"} ${event.aggregateKey ?? ""} has ${bytes} bytes, ` +
      `expected at most ${maxEventBytes}. Raise maxEventBytes, or keep large values out of the model that is captured.`,
    { value: bytes },
  );
}
