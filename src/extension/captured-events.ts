import { creation, type Difference, deletion, modification, type Row } from "../changes/diff.js";
import { currentContext } from "../context/event-context.js";
import type { CapturedOperation, Rule } from "../registry/capture-rules.js";
import { makeDraft } from "../registry/draft-event.js";
import type { EventMetadata } from "../registry/event.js";
import type { EventDraft } from "../registry/event-type.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import type { Bus } from "./bus.js";
import type { Mutation } from "./mutation.js";
import type { Model } from "./schema/model.js";
import { aggregateKeyOf } from "./unique-match.js";

/** The events of a mutation, from the row before and after. Empty when nothing changed. */
export function capturedEvents(
  bus: Bus,
  mutation: Mutation,
  before: Row | undefined,
  row: Row,
): readonly EventDraft[] {
  const { model, plan } = mutation;
  const operation = whatHappened(mutation, before);
  const difference = differenceOf(model, operation, before, row);
  if (difference === undefined) return [];
  const rules: readonly Rule[] = plan[operation];
  if (rules.length === 0) return [];
  const metadata = metadataFor(bus, mutation.extras.metadata);
  const drafts = rules.map(({ event, when }) => {
    const draft = makeDraft(event, {
      aggregateKey: aggregateKeyOf(model, row),
      operation,
      aggregate: row,
      ...difference,
      metadata,
    });
    return when === undefined || when(draft) ? draft : undefined;
  });
  return drafts.filter((draft) => draft !== undefined);
}

/** The metadata of an event: the client's, then the context's, then the call's, key by key. */
export function metadataFor(bus: Bus, called: EventMetadata | undefined): EventMetadata {
  const metadata = { ...bus.options.metadata?.(), ...currentContext().metadata, ...called };
  return metadata.correlationId === undefined ? { ...metadata, correlationId: uuidV7() } : metadata;
}

function whatHappened({ operation }: Mutation, before: Row | undefined): CapturedOperation {
  if (operation !== "upsert") return operation;
  return before === undefined ? "create" : "update";
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

function touchedFields(model: Model): ReadonlySet<string> {
  return new Set(
    Array.from(model.scalars.values()).flatMap((field) => (field.isUpdatedAt ? [field.name] : [])),
  );
}
