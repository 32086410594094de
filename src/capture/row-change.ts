import { creation, type Difference, deletion, modification, type Row } from "../changes/diff.js";
import { holds } from "../changes/holds.js";
import { redactDifference, redactRow } from "../changes/redact.js";
import { currentContext } from "../context/event-context.js";
import { EventBusError } from "../errors.js";
import { hub } from "../log/hub.js";
import { type Model, touchedFields } from "../models/model.js";
import { aggregateKeyOf } from "../models/row-key.js";
import { encodeInTexts } from "../outbox/encode-event.js";
import type { Executor } from "../outbox/executor.js";
import { storeEvents } from "../outbox/publish-events.js";
import type { CapturedOperation, ResolvedBusOptions, Rule } from "../registry/capture-rules.js";
import { checkMetadata } from "../registry/check-metadata.js";
import { makeDraft } from "../registry/draft-event.js";
import type { EventMetadata } from "../registry/event.js";
import type { EventDraft } from "../registry/event-type.js";
import type { Redaction, Redactions } from "../registry/redaction.js";
import { reported } from "./reported.js";

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
function draftsOf(
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
    // On the values of the row: masks replace what events say of it, and not what happened.
    if (typeof when === "object" && !holds(when, { ...change, ...difference })) return [];
    const draft = makeDraft(event, { ...fields, metadata: metadata() });
    return typeof when !== "function" || isWanted(event.name, when, draft) ? [draft] : [];
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

function isWanted(name: string, when: (event: EventDraft) => unknown, draft: EventDraft): boolean {
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

/** What events say beside the change that they tell of, and where they are stored. */
export interface Publication {
  readonly options: Pick<ResolvedBusOptions, "redactions" | "maxEventBytes" | "database">;
  /** The PostgreSQL schema of tables whose model says none. */
  readonly defaultSchema: string | null;
  /** Asked when there is an event, once. */
  readonly metadata: () => EventMetadata;
  /** In the transaction that made the changes. */
  readonly executor: () => Executor;
}

/**
 * Makes the events of changes, in their order. What it returns stores them, with one statement, or several where they are
 * large; undefined when there are none.
 */
export function prepareEvents(
  changes: readonly RowChange[],
  { options, defaultSchema, metadata, executor }: Publication,
): (() => Promise<void>) | undefined {
  let said: EventMetadata | undefined;
  const metadataOnce = () => (said ??= metadata());
  const drafts: EventDraft[] = [];
  const sourceSchemas: (string | null)[] = [];
  for (const change of changes) {
    for (const draft of draftsOf(change, options.redactions, metadataOnce)) {
      drafts.push(draft);
      sourceSchemas.push(change.model.schema ?? defaultSchema);
    }
  }
  if (drafts.length === 0) return undefined;
  const { maxEventBytes, database } = options;
  const encode = (all: readonly EventDraft[]) => encodeInTexts(all, { maxEventBytes, sourceSchemas });
  const store = async (texts: Iterable<string>) => {
    for (const text of texts) await storeEvents(executor(), database, text);
    return {};
  };
  if (!hub.watches("publish")) {
    const texts = encode(drafts);
    return async () => void (await store(texts));
  }
  // Listeners get reports of events that cannot be encoded too, and can give the events a trace first.
  return async () => void (await reported("capture", drafts, (traced) => store(encode(traced))));
}

/**
 * The metadata of an event: that of the options, then the context's, then the call's, key by key.
 *
 * @param correlationId gives the correlation of the transaction, which counts where no metadata sets one.
 */
export function eventMetadata(
  { metadata: own }: Pick<ResolvedBusOptions, "metadata">,
  called: EventMetadata | undefined,
  correlationId: () => string,
): EventMetadata {
  const metadata = {
    ...(own === undefined ? undefined : checkMetadata(own() ?? {}, "metadata()", "eventBus()")),
    ...currentContext().metadata,
    ...called,
  };
  return metadata.correlationId === undefined
    ? Object.assign(metadata, { correlationId: correlationId() })
    : metadata;
}
