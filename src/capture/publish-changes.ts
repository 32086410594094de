import { currentContext } from "../context/event-context.js";
import { hub } from "../log/hub.js";
import { encodeInTexts } from "../outbox/encode-event.js";
import type { Executor } from "../outbox/executor.js";
import { storeEvents } from "../outbox/publish-events.js";
import type { ResolvedBusOptions } from "../registry/capture-rules.js";
import { checkMetadata } from "../registry/check-metadata.js";
import type { EventMetadata } from "../registry/event.js";
import type { EventDraft } from "../registry/event-type.js";
import { reported } from "./reported.js";
import { draftsOf, type RowChange } from "./row-change.js";

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
  // Who listens is told of what cannot be encoded too, and may give the events a trace first.
  return async () => void (await reported("capture", drafts, (traced) => store(encode(traced))));
}

/**
 * The metadata of an event: that of the options, then the context's, then the call's, key by key.
 *
 * @param correlationId of what the event belongs to, where nobody says another one.
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
