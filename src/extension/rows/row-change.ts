import { creation, type Difference, deletion, modification, type Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { CapturedOperation, Rule } from "../../registry/capture-rules.js";
import { makeDraft } from "../../registry/draft-event.js";
import type { EventMetadata } from "../../registry/event.js";
import type { EventDraft } from "../../registry/event-type.js";
import type { Model } from "../schema/model.js";
import { aggregateKeyOf } from "../unique-match.js";

/** What happened to one row. */
export interface RowChange {
  readonly model: Model;
  readonly operation: CapturedOperation;
  /** Undefined for a row that was created. */
  readonly before: Row | undefined;
  /** Undefined for a row that was deleted. */
  readonly after: Row | undefined;
  readonly rules: readonly Rule[];
}

/** The events of a row's change. Empty when nothing changed, or no rule wants to know. */
export function draftsOf(change: RowChange, metadata: () => EventMetadata): readonly EventDraft[] {
  const { model, operation, rules } = change;
  const aggregate = (operation === "delete" ? change.before : change.after) ?? {};
  if (rules.length === 0) return [];
  const difference = differenceOf(change);
  if (difference === undefined) return [];
  const fields = { aggregateKey: aggregateKeyOf(model, aggregate), operation, aggregate, ...difference };
  return rules.flatMap(({ event, when }) => {
    const draft = makeDraft(event, { ...fields, metadata: metadata() });
    return when === undefined || holds(event.name, when, draft) ? [draft] : [];
  });
}

function differenceOf({ model, operation, before, after }: RowChange): Difference | undefined {
  switch (operation) {
    case "create":
      return creation(after ?? {});
    case "delete":
      return deletion();
    case "update":
      return modification(before ?? {}, after ?? {}, touchedFields(model));
  }
}

const touched = new WeakMap<Model, ReadonlySet<string>>();

function touchedFields(model: Model): ReadonlySet<string> {
  const known = touched.get(model);
  if (known !== undefined) return known;
  const fields = Array.from(model.scalars.values()).filter((field) => field.isUpdatedAt);
  const names = new Set(fields.map((field) => field.name));
  touched.set(model, names);
  return names;
}

function holds(name: string, when: NonNullable<Rule["when"]>, draft: EventDraft): boolean {
  const answer: unknown = when(draft);
  if (typeof answer === "object" && answer !== null && "then" in answer) {
    throw new EventBusError(
      "INVALID_OPTION",
      `The condition of ${name} returned a promise, which would always hold; the write was not made. Expected true or ` +
        "false at once: decide by the event alone.",
      { path: "when" },
    );
  }
  return Boolean(answer);
}
