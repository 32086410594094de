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
  return encodeEvents([event], { ...options, sourceSchemas: [options.sourceSchema ?? null] })[0] ?? "";
}

/** What events need beside themselves to be stored. */
export interface EncodeManyOptions extends Pick<EncodeOptions, "maxEventBytes"> {
  /** Of each event. */
  readonly sourceSchemas: readonly (string | null)[];
}

/** {@link encodeEvent} for many events. Those of one call share their metadata, which is encoded once. */
export function encodeEvents(events: readonly AnyEvent[], options: EncodeManyOptions): string[] {
  let shared: { readonly metadata: unknown; readonly text: string } | undefined;
  return events.map((event, index) => {
    if (shared === undefined || shared.metadata !== event.metadata)
      shared = { metadata: event.metadata, text: metadataText(event) };
    const text = textOf(event, options.sourceSchemas[index] ?? null, shared.text);
    // A character has at most three bytes in UTF-8: the exact size matters only near the limit.
    if (text.length * 3 > options.maxEventBytes)
      assertSize(event, Buffer.byteLength(text), options.maxEventBytes);
    return text;
  });
}

function textOf(event: AnyEvent, sourceSchema: string | null, metadata: string): string {
  const at = (part: string) => `${event.name}.${part}`;
  const aggregate = encode(event.aggregate ?? null, at("aggregate"));
  // What changed is mostly a part of the aggregate.
  const like = isPlainObject(event.aggregate) ? { value: event.aggregate, encoded: aggregate } : undefined;
  const changes = encode(event.changes ?? {}, at("changes"), like);
  const initialData = encode(event.initialData ?? {}, at("initialData"), like);
  encode(event.aggregateKey, at("aggregateKey"));
  const types: EventHints = {
    ...(aggregate.hint === undefined ? {} : { aggregate: aggregate.hint }),
    ...(changes.hint === undefined ? {} : { changes: changes.hint }),
    ...(initialData.hint === undefined ? {} : { initialData: initialData.hint }),
  };
  const rest = JSON.stringify({
    id: event.id,
    name: event.name,
    version: event.version,
    aggregateType: event.aggregateType,
    aggregateKey: event.aggregateKey,
    operation: event.operation,
    sourceSchema,
    aggregate: aggregate.json,
    changes: changes.json,
    initialData: initialData.json,
    types: Object.keys(types).length === 0 ? null : types,
  });
  return `${rest.slice(0, -1)},"metadata":${metadata}}`;
}

function metadataText({ name, metadata }: AnyEvent): string {
  const path = `${name}.metadata`;
  const { json, hint } = encode(metadata, path);
  if (hint === undefined) return JSON.stringify(json);
  throw new EventBusError(
    "VALUE_NOT_STORABLE",
    `${path} holds values that JSON has no type for (${JSON.stringify(hint)}). ` +
      "Expected plain JSON: convert dates, bigints and the like to strings.",
    { path, value: hint },
  );
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
