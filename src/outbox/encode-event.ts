import { encode } from "../codec/encode.js";
import { type EventHints, isSameHint } from "../codec/type-hint.js";
import { EventBusError } from "../errors.js";
import type { AnyEvent } from "../registry/event.js";

/** Further values that are stored with an event. */
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

/** Further values that are stored with several events. */
export interface EncodeManyOptions extends Pick<EncodeOptions, "maxEventBytes"> {
  /** Of each event. */
  readonly sourceSchemas: readonly (string | null)[];
}

/** {@link encodeEvent} for many events. Those of one call share their metadata, which is encoded once. */
export function encodeEvents(events: readonly AnyEvent[], options: EncodeManyOptions): string[] {
  return encodeEach(events, options).map(textOf);
}

/**
 * Many events as the JSON that `publish` takes. Values that they share are written once, because parsing JSON is a large part of
 * the cost of storing many events.
 *
 * @throws EventBusError `VALUE_NOT_STORABLE` or `EVENT_TOO_LARGE`.
 */
export function encodeTogether(events: readonly AnyEvent[], options: EncodeManyOptions): string {
  return together(encodeEach(events, options));
}

/** How many characters of JSON one statement publishes. PostgreSQL's limit for a jsonb value is 256 MiB. */
const TEXT_LENGTH = 8 * 2 ** 20;

/**
 * {@link encodeTogether} in as many texts as statements are needed. An event larger than the limit of a statement gets its own.
 *
 * @throws EventBusError `VALUE_NOT_STORABLE` or `EVENT_TOO_LARGE`.
 */
export function encodeInTexts(events: readonly AnyEvent[], options: EncodeManyOptions): readonly string[] {
  const texts: string[] = [];
  let some: Encoded[] = [];
  let length = 0;
  for (const one of encodeEach(events, options)) {
    if (some.length > 0 && length + one.length > TEXT_LENGTH) {
      texts.push(together(some));
      some = [];
      length = 0;
    }
    some.push(one);
    length += one.length;
  }
  return some.length === 0 ? texts : [...texts, together(some)];
}

/** {@link EventHints}, but a part may also be undefined. */
type Hints = { readonly [Part in keyof EventHints]: EventHints[Part] | undefined };

/** The values that events of one call can share, as JSON values. Undefined values are left out. */
interface Common {
  readonly name: string;
  readonly version: number;
  readonly aggregateType: string | null;
  readonly operation: string | null;
  readonly sourceSchema: string | null;
  readonly types: Hints | undefined;
  readonly metadata: unknown;
}

/** An event in two parts. All events become text together, because one text is made faster than many small ones. */
interface Encoded {
  /** Values that no other event shares. */
  readonly own: Readonly<Record<string, unknown>>;
  readonly common: Common;
  /** About how many characters it has. */
  readonly length: number;
}

/** The greatest number of characters that names, and values of known length, take in the shared part of an event. */
const REST = 256;

/** The greatest number of bytes that a character can take as JSON in UTF-8: six, for a control character. */
const MOST_BYTES = 6;

function encodeEach(events: readonly AnyEvent[], options: EncodeManyOptions): readonly Encoded[] {
  let shared: { readonly metadata: unknown; readonly json: unknown; readonly length: number } | undefined;
  return events.map((event, index) => {
    if (shared === undefined || shared.metadata !== event.metadata) {
      const json = encodeMetadata(event);
      shared = { metadata: event.metadata, json, length: lengthOf(json) };
    }
    const one = encodeOne(event, options.sourceSchemas[index] ?? null, shared);
    // The exact size matters only near the limit.
    if (one.length * MOST_BYTES > options.maxEventBytes)
      assertSize(event, Buffer.byteLength(textOf(one)), options.maxEventBytes);
    return one;
  });
}

function textOf({ own, common }: Encoded): string {
  // On Node 20, spreading the object and then adding properties would cost five microseconds.
  return JSON.stringify(Object.assign({}, own, common));
}

function together(all: readonly Encoded[]): string {
  const [first] = all;
  if (first === undefined || all.length === 1) return `[${all.map(textOf).join()}]`;
  const shared: Record<string, unknown> = {};
  const differing: (keyof Common)[] = [];
  for (const name of Object.keys(first.common) as (keyof Common)[]) {
    if (haveSame(name, all, first)) shared[name] = first.common[name];
    else differing.push(name);
  }
  const ofEach = ({ own, common }: Encoded) => {
    const event = { ...own };
    for (const name of differing) event[name] = common[name];
    return event;
  };
  const events = all.map(differing.length === 0 ? ({ own }) => own : ofEach);
  return JSON.stringify({ shared, events });
}

function haveSame(name: keyof Common, all: readonly Encoded[], { common }: Encoded): boolean {
  if (name === "types") return all.every((one) => isSameHint(one.common.types, common.types));
  return all.every((one) => one.common[name] === common[name]);
}

function encodeOne(
  event: AnyEvent,
  sourceSchema: string | null,
  metadata: { readonly json: unknown; readonly length: number },
): Encoded {
  const at = (part: string) => `${event.name}.${part}`;
  const aggregate = encode(event.aggregate ?? null, at("aggregate"));
  // Changed values are mostly in the aggregate too, and encoded already.
  const like = isPlainObject(event.aggregate) ? { value: event.aggregate, encoded: aggregate } : undefined;
  const changes = encode(event.changes ?? {}, at("changes"), like);
  const initialData = encode(event.initialData ?? {}, at("initialData"), like);
  encode(event.aggregateKey, at("aggregateKey"));
  const types = { aggregate: aggregate.hint, changes: changes.hint, initialData: initialData.hint };
  const hasTypes =
    types.aggregate !== undefined || types.changes !== undefined || types.initialData !== undefined;
  const own = {
    id: event.id,
    aggregateKey: event.aggregateKey,
    aggregate: aggregate.json,
    changes: unlessEmpty(changes.json),
    initialData: unlessEmpty(initialData.json),
  };
  const { name, version, aggregateType, operation } = event;
  return {
    own,
    common: {
      name,
      version,
      aggregateType,
      operation,
      sourceSchema,
      types: hasTypes ? types : undefined,
      metadata: metadata.json,
    },
    length:
      lengthOf(own) + lengthOf(types) + lengthOf(name) + lengthOf(aggregateType) + metadata.length + REST,
  };
}

/** About how many characters a value has as JSON, before any of them is escaped; never fewer. */
function lengthOf(json: unknown): number {
  if (typeof json === "string") return json.length + 2;
  if (typeof json !== "object" || json === null) return 24;
  let length = 2;
  if (Array.isArray(json)) for (const item of json) length += lengthOf(item) + 1;
  else for (const name in json) length += name.length + 4 + lengthOf((json as Record<string, unknown>)[name]);
  return length;
}

/** Leaves out empty values: `publish` takes them as the default. */
function unlessEmpty(json: unknown): unknown {
  return isPlainObject(json) && Object.keys(json).length === 0 ? undefined : json;
}

function encodeMetadata({ name, metadata }: AnyEvent): unknown {
  const path = `${name}.metadata`;
  const { json, hint } = encode(metadata, path);
  if (hint === undefined) return json;
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
