import { creation, type Difference, deletion, modification, type Row } from "../changes/diff.js";
import { redactDifference, redactRow } from "../changes/redact.js";
import { EventBusError } from "../errors.js";
import type { Model } from "../models/model.js";
import { touchedFields } from "../models/model.js";
import { aggregateKeyOf } from "../models/row-key.js";
import type { CapturedOperation, Rule } from "../registry/capture-rules.js";
import { makeDraft } from "../registry/draft-event.js";
import type { EventMetadata } from "../registry/event.js";
import type { EventDraft } from "../registry/event-type.js";
import type { Redaction, Redactions } from "../registry/redaction.js";

/** What happened to one row. */
export interface RowChange {
  readonly model: Model;
  readonly operation: CapturedOperation;
  /** Undefined for a row that was created. */
  readonly before: Row | undefined;
  /** Undefined for a row that was deleted. */
  readonly after: Row | undefined;
  readonly rules: readonly Rule[];
  /**
   * What the event says that changed, redacted, where that is more than the row's own fields; null for nothing at all.
   */
  readonly difference?: Difference | null;
}

/** The events of a row's change. Empty when nothing changed, or no rule wants to know. */
export function draftsOf(
  change: RowChange,
  redactions: Redactions,
  metadata: () => EventMetadata,
): readonly EventDraft[] {
  const { model, operation, rules } = change;
  if (rules.length === 0) return [];
  const redaction = redactions.get(model.name);
  const difference = change.difference === undefined ? saidDifference(change, redaction) : change.difference;
  if (difference === undefined || difference === null) return [];
  const row = (operation === "delete" ? change.before : change.after) ?? {};
  const aggregate = redaction === undefined ? row : redactRow(redaction, row);
  const fields = { aggregateKey: aggregateKeyOf(model, row), operation, aggregate, ...difference };
  return rules.flatMap(({ event, when }) => {
    const draft = makeDraft(event, { ...fields, metadata: metadata() });
    return when === undefined || holds(event.name, when, draft) ? [draft] : [];
  });
}

function saidDifference(change: RowChange, redaction: Redaction | undefined): Difference | undefined {
  const difference = differenceOf(change);
  return redaction === undefined
    ? difference
    : redactDifference(redaction, difference, touchedFields(change.model));
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
