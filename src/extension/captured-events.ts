import { creation, type Difference, deletion, modification, type Row } from "../changes/diff.js";
import { currentContext } from "../context/event-context.js";
import { EventBusError } from "../errors.js";
import type { CapturedOperation, Rule } from "../registry/capture-rules.js";
import { checkMetadata } from "../registry/check-metadata.js";
import { makeDraft } from "../registry/draft-event.js";
import type { EventMetadata } from "../registry/event.js";
import type { EventDraft } from "../registry/event-type.js";
import type { Bus } from "./bus.js";
import type { Mutation, Written } from "./mutation.js";
import type { TransactionHandle } from "./prisma-internals.js";
import { pastOf } from "./same-row.js";
import type { Model } from "./schema/model.js";
import { correlationIn } from "./transaction-queue.js";
import { aggregateKeyOf } from "./unique-match.js";

/** The events of a mutation, from the row before and after. Empty when nothing changed. */
export function capturedEvents(
  mutation: Mutation,
  written: Written,
  metadata: () => EventMetadata,
): readonly EventDraft[] {
  const { model, operation: call } = mutation;
  const { plan, row } = written;
  const before = pastOf(mutation, written);
  const operation = call !== "upsert" ? call : before === undefined ? "create" : "update";
  const rules: readonly Rule[] = plan[operation];
  if (rules.length === 0) return [];
  const aggregate = operation === "delete" ? (before ?? row) : row;
  const difference = differenceOf(model, operation, before, row);
  if (difference === undefined) return [];
  const fields = { aggregateKey: aggregateKeyOf(model, aggregate), operation, aggregate, ...difference };
  return rules.flatMap(({ event, when }) => {
    const draft = makeDraft(event, { ...fields, metadata: metadata() });
    return when === undefined || holds(event.name, when, draft) ? [draft] : [];
  });
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

/** The metadata of an event: the client's, then the context's, then the call's, key by key. */
export function metadataFor(
  bus: Bus,
  called: EventMetadata | undefined,
  transaction: TransactionHandle | undefined,
): EventMetadata {
  const own = bus.options.metadata?.() ?? {};
  const metadata = {
    ...checkMetadata(own, "metadata()", "eventBus()"),
    ...currentContext().metadata,
    ...called,
  };
  return metadata.correlationId === undefined
    ? { ...metadata, correlationId: correlationIn(transaction) }
    : metadata;
}

function differenceOf(
  model: Model,
  operation: CapturedOperation,
  before: Row | undefined,
  row: Row,
): Difference | undefined {
  switch (operation) {
    case "create":
      return creation(row);
    case "delete":
      return deletion();
    case "update":
      return modification(before ?? {}, row, touchedFields(model));
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
