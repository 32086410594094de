import { EventBusError } from "../errors.js";
import {
  checkFunction,
  checkInteger,
  checkNested,
  checkOptions,
  type IntegerRange,
  invalidOption,
  isObject,
  type Place,
  type UnknownOptions,
  within,
} from "./check-options.js";
import { type CheckedCondition, checkCondition, type FieldChecks } from "./condition.js";
import { checkDatabaseNames, type ResolvedDatabaseNames } from "./database-names.js";
import type { AnyEvent, EventMetadata } from "./event.js";
import type { AnyEventType } from "./event-type.js";
import { isEventType } from "./is-event.js";
import { didYouMean } from "./nearest-name.js";
import { checkRedaction, type Redaction, type Redactions } from "./redaction.js";
import { unlistedEvent } from "./unlisted-event.js";

/** The operations that can be captured. */
export type CapturedOperation = "create" | "update" | "delete";

export const CAPTURED_OPERATIONS: readonly CapturedOperation[] = ["create", "update", "delete"];

/** The largest event in bytes of JSON. PostgreSQL's own limit for a jsonb value is 256 MiB. */
export const EVENT_SIZE = {
  min: 1_024,
  max: 268_435_455,
  defaultsTo: 10_485_760,
  of: "bytes",
} as const satisfies IntegerRange;

/** An event that a captured mutation leads to. */
export interface Rule {
  readonly event: AnyEventType;
  /**
   * The event is published only if this condition holds for the change, or this function returns true for the event;
   * undefined: always.
   */
  readonly when: ((event: AnyEvent) => boolean) | CheckedCondition | undefined;
}

/** The rules of one model, operation by operation. */
export type ModelRules = { readonly [Operation in CapturedOperation]: readonly Rule[] };

/** The checked options of the extension, every default filled in. */
export interface ResolvedBusOptions {
  readonly eventsByName: ReadonlyMap<string, AnyEventType>;
  /** By model; a model without rules has no entry. */
  readonly rules: ReadonlyMap<string, ModelRules>;
  readonly redactions: Redactions;
  /** Models whose calls run without events if they cannot be captured, instead of being refused. */
  readonly uncaptured: ReadonlySet<string>;
  readonly database: ResolvedDatabaseNames;
  readonly transaction: { readonly maxWaitMs: number; readonly timeoutMs: number };
  readonly maxEventBytes: number;
  readonly bulk: { readonly maxRows: number };
  /** Returns the metadata of the events of a call, or of a batch of its rows; called once for them. */
  readonly metadata: (() => EventMetadata) | undefined;
}

/** Returns what is known of a model's fields, of which `omitted` reach no condition. */
export type FieldsOf = (model: string, omitted: ReadonlySet<string>) => FieldChecks | undefined;

const place: Place = { of: "eventBus()" };

/**
 * Checks the options of the extension.
 *
 * @param modelNames the models of the Prisma schema; undefined if they are not known yet: then any name is accepted.
 * @param fieldsOf checks the fields that conditions name; without it any name is accepted.
 * @throws EventBusError `INVALID_OPTION`, `DUPLICATE_NAME`, `UNKNOWN_EVENT` or `UNKNOWN_MODEL`, with the
 * value and its path.
 */
export function resolveBusOptions(
  options: unknown,
  modelNames: readonly string[] | undefined,
  fieldsOf: FieldsOf = () => undefined,
): ResolvedBusOptions {
  const known = ["events", "capture", "database", "transaction", "maxEventBytes", "bulk", "metadata"];
  const given = checkOptions(options, known, place);
  const eventsByName = checkEvents(given["events"], modelNames);
  return Object.freeze({
    eventsByName,
    ...checkCapture(given["capture"], eventsByName, modelNames, fieldsOf),
    database: Object.freeze(checkDatabaseNames(given["database"], [], place)),
    transaction: checkTransaction(given),
    maxEventBytes: checkInteger(given, "maxEventBytes", EVENT_SIZE, place),
    bulk: checkBulk(given),
    metadata: checkFunction(given, "metadata", place) as ResolvedBusOptions["metadata"],
  });
}

function checkEvents(
  events: unknown,
  modelNames: readonly string[] | undefined,
): ReadonlyMap<string, AnyEventType> {
  if (!Array.isArray(events)) throw invalidOption("events", events, "an array of event types", place);
  const eventsByName = new Map<string, AnyEventType>();
  for (const [index, event] of events.entries()) {
    const path = `events[${index}]`;
    if (!isEventType(event)) throw invalidOption(path, event, "an event type made by defineEvent", place);
    if (eventsByName.has(event.name)) {
      const message = `two events in ${place.of} are named "${event.name}": expected each name once`;
      throw new EventBusError("DUPLICATE_NAME", message, { value: event.name, path });
    }
    if (event.model !== undefined) checkModel(event.model, `of the event ${event.name}`, path, modelNames);
    eventsByName.set(event.name, event);
  }
  return eventsByName;
}

function checkModel(
  model: string,
  what: string,
  path: string,
  modelNames: readonly string[] | undefined,
): void {
  if (modelNames === undefined || modelNames.includes(model)) return;
  const message = `unknown model "${model}" ${what} in ${place.of}${didYouMean(model, modelNames)}`;
  throw new EventBusError("UNKNOWN_MODEL", message, { value: model, path });
}

function checkCapture(
  capture: unknown,
  eventsByName: ReadonlyMap<string, AnyEventType>,
  modelNames: readonly string[] | undefined,
  fieldsOf: FieldsOf,
): Pick<ResolvedBusOptions, "rules" | "redactions" | "uncaptured"> {
  const rules = new Map<string, ModelRules>();
  const redactions = new Map<string, Redaction>();
  const uncaptured = new Set<string>();
  if (capture === undefined) return { rules, redactions, uncaptured };
  if (!isObject(capture)) throw invalidOption("capture", capture, "an object", place);
  for (const [model, operations] of Object.entries(capture)) {
    const ofModel = within(place, `capture.${model}`);
    checkModel(model, "in capture", ofModel.path, modelNames);
    if (operations === undefined) continue;
    // Wrong in any case, but the reason can be given only when the models are known.
    if (modelNames === undefined && !modelsOf(eventsByName).has(model)) continue;
    const given = checkOptions(operations, [...CAPTURED_OPERATIONS, "omit", "mask", "uncaptured"], ofModel);
    if (isAllowed(given["uncaptured"], ofModel)) uncaptured.add(model);
    const redaction = checkRedaction(given, ofModel);
    if (redaction !== undefined) redactions.set(model, redaction);
    const known: RuleChecks = { model, eventsByName, fields: fieldsOf(model, redaction?.omit ?? new Set()) };
    const rulesOf = (operation: CapturedOperation) =>
      checkRules(given[operation], within(ofModel, operation), known);
    const all = { create: rulesOf("create"), update: rulesOf("update"), delete: rulesOf("delete") };
    if (CAPTURED_OPERATIONS.some((operation) => all[operation].length > 0))
      rules.set(model, Object.freeze(all));
  }
  return { rules, redactions, uncaptured };
}

function isAllowed(value: unknown, { of, path }: Required<Place>): boolean {
  if (value === undefined || value === "refuse") return false;
  if (value === "allow") return true;
  throw invalidOption("uncaptured", value, '"refuse" or "allow"', { of, path });
}

function modelsOf(eventsByName: ReadonlyMap<string, AnyEventType>): ReadonlySet<string | undefined> {
  return new Set(Array.from(eventsByName.values(), (event) => event.model));
}

/** What rules of a model are checked against. */
interface RuleChecks {
  readonly model: string;
  readonly eventsByName: ReadonlyMap<string, AnyEventType>;
  readonly fields: FieldChecks | undefined;
}

function checkRules(entries: unknown, { of, path }: Required<Place>, known: RuleChecks): readonly Rule[] {
  const rules: Rule[] = [];
  if (entries === undefined) return Object.freeze(rules);
  for (const [index, entry] of (Array.isArray(entries) ? entries : [entries]).entries()) {
    const ofEntry = Array.isArray(entries) ? { of, path: `${path}[${index}]` } : { of, path };
    const rule = checkRule(entry, ofEntry, known);
    if (rules.some(({ event }) => event.name === rule.event.name)) {
      const message = `${path} in ${of} names "${rule.event.name}" twice: expected each event once`;
      throw new EventBusError("DUPLICATE_NAME", message, { value: rule.event.name, path: ofEntry.path });
    }
    rules.push(rule);
  }
  return Object.freeze(rules);
}

function checkRule(
  entry: unknown,
  ofEntry: Required<Place>,
  { model, eventsByName, fields }: RuleChecks,
): Rule {
  const { of, path } = ofEntry;
  const given: UnknownOptions = isEventType(entry) ? { event: entry } : checkConditionalRule(entry, ofEntry);
  const { event } = given;
  if (!isEventType(event)) throw invalidOption("event", event, "an event type made by defineEvent", ofEntry);
  if (event.model !== model) {
    const found = event.model === undefined ? "has no model" : `is of the model ${event.model}`;
    const message = `"${event.name}" at ${path} in ${of} ${found}: expected an event of the model ${model}`;
    throw new EventBusError("INVALID_OPTION", message, { value: event.name, path });
  }
  const known = eventsByName.get(event.name);
  if (known === undefined) {
    const possible = [...eventsByName.values()].filter((one) => one.model === model).map((one) => one.name);
    throw unlistedEvent(event.name, path, possible, path);
  }
  return Object.freeze({ event: known, when: checkWhen(given["when"], ofEntry, fields) });
}

function checkWhen(when: unknown, ofEntry: Required<Place>, fields: FieldChecks | undefined): Rule["when"] {
  if (when === undefined || typeof when === "function") return when as Rule["when"];
  if (isObject(when)) return checkCondition(when, within(ofEntry, "when"), fields);
  const expected = 'a condition such as { changed: "email" }, or a function';
  throw invalidOption("when", when, expected, ofEntry);
}

function checkConditionalRule(entry: unknown, ofEntry: Required<Place>): UnknownOptions {
  if (isObject(entry)) return checkOptions(entry, ["event", "when"], ofEntry);
  const expected = "an event type, { event, when } or an array of these";
  throw invalidOption(ofEntry.path, entry, expected, { of: ofEntry.of });
}

function checkTransaction(options: UnknownOptions): ResolvedBusOptions["transaction"] {
  const ofTransaction = within(place, "transaction");
  const given = checkNested(options, "transaction", ["maxWaitMs", "timeoutMs"], place);
  const range = { min: 1, max: 2_147_483_647, defaultsTo: 60_000, of: "milliseconds" };
  return Object.freeze({
    maxWaitMs: checkInteger(given, "maxWaitMs", range, ofTransaction),
    timeoutMs: checkInteger(given, "timeoutMs", range, ofTransaction),
  });
}

function checkBulk(options: UnknownOptions): ResolvedBusOptions["bulk"] {
  const ofBulk = within(place, "bulk");
  const given = checkNested(options, "bulk", ["maxRows"], place);
  const range = { min: 1, max: 10_000_000, defaultsTo: 100_000, of: "rows" };
  return Object.freeze({ maxRows: checkInteger(given, "maxRows", range, ofBulk) });
}
