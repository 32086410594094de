import { creation, type Difference, deletion, type Row } from "../changes/diff.js";
import { invalidOption, type Place, within } from "../registry/check-options.js";
import { keyAsText } from "../registry/draft-event.js";
import type { Operation, StoredEvent } from "../registry/event.js";
import type { KnownEvent } from "../registry/known-events.js";
import { checkRow } from "./check-row.js";
import { fakeValue, otherValue } from "./fake-value.js";

/** The content of an event. */
export type Content = Pick<
  StoredEvent,
  "aggregate" | "changes" | "initialData" | "operation" | "aggregateKey"
>;

/** The requested values, not checked yet. */
export interface ContentOverrides {
  readonly aggregate?: unknown;
  readonly changes?: unknown;
  readonly initialData?: unknown;
  readonly operation?: Operation | undefined;
  readonly aggregateKey?: unknown;
}

/**
 * The content of an event of a row: the requested values, and made-up values for the rest.
 *
 * @throws EventBusError `INVALID_OPTION` for values that do not fit the model.
 */
export function fakeContent(known: KnownEvent, given: ContentOverrides, n: number, place: Place): Content {
  const { operation = known.operation, aggregateKey } = given;
  const row = { ...fakeRow(known, n), ...checkRow(given.aggregate, "aggregate", known, place) };
  const before = checkRow(given.initialData, "initialData", ofBefore(known), place, known.relations);
  const changes =
    checkRow(given.changes, "changes", known, place, known.relations) ?? changesTo(row, before, operation);
  const aggregate = { ...row, ...scalarsIn(changes, known) };
  const difference = differenceOf(operation, aggregate, changes, known, n);
  for (const name of Object.keys(before ?? {})) {
    if (Object.hasOwn(difference.changes, name)) continue;
    const expected = "a field that is among the changes, as the two have the same shape";
    throw invalidOption(name, before?.[name], expected, within(place, "initialData"));
  }
  return {
    aggregate,
    operation,
    changes: difference.changes,
    initialData: { ...difference.initialData, ...before },
    aggregateKey:
      aggregateKey === undefined ? known.aggregateKeyOf(aggregate) : keyAsText(aggregateKey, place),
  };
}

/** The old values of a new row are null. */
function ofBefore({ fields }: KnownEvent): Pick<KnownEvent, "fields"> {
  return { fields: fields.map((field) => ({ ...field, isOptional: true })) };
}

/** Fields with given old values have changed. */
function changesTo(row: Row, before: Row | undefined, operation: Operation): Row | undefined {
  if (before === undefined || operation === "create") return undefined;
  return Object.fromEntries(Object.entries(row).filter(([name]) => Object.hasOwn(before, name)));
}

function differenceOf(
  operation: Operation,
  after: Row,
  changes: Row | undefined,
  known: KnownEvent,
  n: number,
): Difference {
  if (operation === "create") return creation(changes ?? after);
  if (operation !== "update") return changes === undefined ? deletion() : { changes, initialData: {} };
  const changed = changes ?? withoutKey(after, known);
  const fields = known.fields.filter(({ name }) => Object.hasOwn(changed, name));
  const before = Object.fromEntries(
    fields.map((field) => [field.name, otherValue(field, changed[field.name], n)]),
  );
  return { changes: changed, initialData: before };
}

function withoutKey(row: Row, { keyFields }: KnownEvent): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !keyFields.includes(name)));
}

function fakeRow({ fields }: KnownEvent, n: number): Row {
  return Object.fromEntries(fields.map((field) => [field.name, fakeValue(field, n)]));
}

/** The changes that are columns of the row, without relations. */
function scalarsIn(changes: Row | undefined, { fields }: KnownEvent): Row {
  const names = new Set(fields.map(({ name }) => name));
  return Object.fromEntries(Object.entries(changes ?? {}).filter(([name]) => names.has(name)));
}
