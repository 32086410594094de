import { reported } from "../capture/reported.js";
import { currentContext } from "../context/event-context.js";
import { EventBusError } from "../errors.js";
import { encodeEvent } from "../outbox/encode-event.js";
import { assertQueryable, type Executor, executorOf, type Queryable } from "../outbox/executor.js";
import { publishEvents } from "../outbox/publish-events.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { EVENT_SIZE } from "../registry/capture-rules.js";
import { checkInteger, checkOptions, describe, invalidOption } from "../registry/check-options.js";
import { checkDatabaseNames, type DatabaseOptions } from "../registry/database-names.js";
import { draftTypeOf } from "../registry/draft-event.js";
import type { EventMetadata, PublishResult } from "../registry/event.js";
import type { AnyEventType, EventDraft } from "../registry/event-type.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import { validateAggregate } from "../registry/validate-aggregate.js";
import { asStatementFailure } from "./prisma/errors.js";

/** How events are published. */
export interface PublishSettings {
  readonly names: SchemaNames;
  readonly maxEventBytes: number;
  readonly metadata: EventMetadata;
  /** Refuses types of events that the publisher does not know. */
  readonly check?: (type: AnyEventType) => void;
  /** What is published instead of an event: without what events of its model do not say. */
  readonly redact?: (event: EventDraft, type: AnyEventType) => EventDraft;
}

/** A draft, or several. */
export type Drafts = EventDraft | readonly EventDraft[];

/** Validates events and stores them where `executor` is bound to. */
export async function publishDrafts(
  executor: Executor,
  drafts: Drafts,
  settings: PublishSettings,
): Promise<PublishResult> {
  const correlationId = settings.metadata.correlationId ?? uuidV7();
  const checked: EventDraft[] = [];
  for (const draft of [drafts].flat() as readonly unknown[]) {
    const type = typeOf(draft);
    settings.check?.(type);
    const event = draft as EventDraft;
    const aggregate = await validateAggregate(type, event.aggregate);
    const metadata = { correlationId, ...settings.metadata, ...event.metadata };
    const full = { ...event, aggregate, metadata };
    checked.push(settings.redact?.(full, type) ?? full);
  }
  return reported("publish", checked, (traced) => {
    const texts = traced.map((draft) => encodeEvent(draft, settings));
    return publishEvents(executor, settings.names, texts);
  });
}

function typeOf(draft: unknown): AnyEventType {
  const type = draftTypeOf(draft);
  if (type !== undefined) return type;
  throw new EventBusError(
    "INVALID_OPTION",
    `publish was given ${describe(draft)}: expected an event, or a list of events, made by calling an event type, ` +
      "such as InvoiceDue({ invoiceId }). What is stored already cannot be published again.",
    { value: draft },
  );
}

/** Where the tables are, and limits, for clients without the extension. */
export interface PublishOptions extends DatabaseOptions {
  /** The largest event in bytes of JSON. Defaults to 10485760. */
  readonly maxEventBytes?: number | undefined;
}

/**
 * Publishes events on any client: a Prisma client, the client of a transaction, a `pg` client. In the transaction
 * of the client, if it is in one; nothing is delivered until that commits.
 *
 * A client that has the extension publishes with the extension's settings, as its `$publish` does.
 *
 * @returns what was stored, and how many deliveries were enqueued.
 * @throws EventBusError `INVALID_AGGREGATE`, `VALUE_NOT_STORABLE`, `EVENT_TOO_LARGE`, `SCHEMA_MISSING`;
 * `INVALID_OPTION` for options with a client that has the extension.
 * @example
 * ```ts
 * await publish(prisma, InvoiceDue({ invoiceId: "7" }, { aggregateKey: "7" }));
 * ```
 */
export async function publish(
  client: Queryable,
  drafts: Drafts,
  options: PublishOptions = {},
): Promise<PublishResult> {
  const given = checkOptions(options, ["database", "maxEventBytes"], PLACE);
  assertQueryable(client, PLACE);
  if ("$publish" in client) {
    if (Object.values(given).every((value) => value === undefined)) {
      return (client as { $publish(drafts: Drafts): PromiseLike<PublishResult> }).$publish(drafts);
    }
    throw invalidOption("options", options, "none for a client that has the extension: its own hold", PLACE);
  }
  const stored = publishDrafts(executorOf(client), drafts, {
    names: checkDatabaseNames(given["database"], [], PLACE),
    maxEventBytes: checkInteger(given, "maxEventBytes", EVENT_SIZE, PLACE),
    metadata: currentContext().metadata,
  });
  return stored.catch((error: unknown) => {
    throw asStatementFailure(error);
  });
}

const PLACE = { of: "publish()" };
