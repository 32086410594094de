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
  return encodeParts(events, options).map((parts) => textOf(parts, NOTHING_SHARED));
}

/**
 * Many events as the JSON that `publish` takes, where what they have in common is said once: taking JSON apart is a
 * large part of what storing many events costs.
 *
 * @throws EventBusError `VALUE_NOT_STORABLE` or `EVENT_TOO_LARGE`.
 */
export function encodeTogether(events: readonly AnyEvent[], options: EncodeManyOptions): string {
  return together(encodeParts(events, options));
}

/** How many characters of JSON one statement publishes. PostgreSQL's limit for a jsonb value is 256 MiB. */
const TEXT_LENGTH = 8 * 2 ** 20;

/**
 * {@link encodeTogether} in as many texts as statements are needed: an event that is larger than that has one for itself.
 *
 * @throws EventBusError `VALUE_NOT_STORABLE` or `EVENT_TOO_LARGE`.
 */
export function encodeInTexts(events: readonly AnyEvent[], options: EncodeManyOptions): readonly string[] {
  const texts: string[] = [];
  let some: Parts[] = [];
  let length = 0;
  for (const parts of encodeParts(events, options)) {
    const own = lengthOf(parts);
    if (some.length > 0 && length + own > TEXT_LENGTH) {
      texts.push(together(some));
      some = [];
      length = 0;
    }
    some.push(parts);
    length += own;
  }
  return some.length === 0 ? texts : [...texts, together(some)];
}

function lengthOf(parts: Parts): number {
  let length = 0;
  for (const name in parts) length += name.length + (parts[name]?.length ?? 0) + 4;
  return length;
}

function together(all: readonly Parts[]): string {
  const [first] = all;
  if (first === undefined || all.length === 1)
    return `[${all.map((one) => textOf(one, NOTHING_SHARED)).join()}]`;
  const shared = new Set(
    SHAREABLE.filter((name) => first[name] !== undefined && all.every((one) => one[name] === first[name])),
  );
  const texts = all.map((one) => textOf(one, shared)).join();
  const common = Array.from(shared, (name) => `"${name}":${first[name]}`).join();
  return `{"shared":{${common}},"events":[${texts}]}`;
}

/** What events of one call may have in common. */
const SHAREABLE = [
  "name",
  "version",
  "aggregateType",
  "operation",
  "sourceSchema",
  "types",
  "metadata",
] as const;
const NOTHING_SHARED: ReadonlySet<string> = new Set();

/** The parts of an event, each as JSON. Undefined: it is left out. */
type Parts = Readonly<Record<string, string | undefined>>;

function encodeParts(events: readonly AnyEvent[], options: EncodeManyOptions): readonly Parts[] {
  let shared: { readonly metadata: unknown; readonly text: string } | undefined;
  return events.map((event, index) => {
    if (shared === undefined || shared.metadata !== event.metadata)
      shared = { metadata: event.metadata, text: metadataText(event) };
    const parts = partsOf(event, options.sourceSchemas[index] ?? null, shared.text);
    // A character has at most three bytes in UTF-8: the exact size matters only near the limit.
    if (lengthOf(parts) * 3 > options.maxEventBytes)
      assertSize(event, Buffer.byteLength(textOf(parts, NOTHING_SHARED)), options.maxEventBytes);
    return parts;
  });
}

function textOf(parts: Parts, shared: ReadonlySet<string>): string {
  let text = "";
  for (const name in parts) {
    const part = parts[name];
    if (part !== undefined && !shared.has(name)) text += `${text === "" ? "" : ","}"${name}":${part}`;
  }
  return `{${text}}`;
}

function partsOf(event: AnyEvent, sourceSchema: string | null, metadata: string): Parts {
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
  return {
    id: JSON.stringify(event.id),
    name: JSON.stringify(event.name),
    version: JSON.stringify(event.version),
    aggregateType: JSON.stringify(event.aggregateType),
    aggregateKey: JSON.stringify(event.aggregateKey),
    operation: JSON.stringify(event.operation),
    sourceSchema: JSON.stringify(sourceSchema),
    aggregate: JSON.stringify(aggregate.json),
    changes: unlessEmpty(changes.json),
    initialData: unlessEmpty(initialData.json),
    types: Object.keys(types).length === 0 ? undefined : JSON.stringify(types),
    metadata,
  };
}

/** What is empty is what `publish` takes where nothing is said. */
function unlessEmpty(json: unknown): string | undefined {
  const text = JSON.stringify(json);
  return text === "{}" ? undefined : text;
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
