import { conditionFields } from "../capture/condition-fields.js";
import { rememberEvents } from "../capture/remember-events.js";
import { eventMetadata } from "../capture/row-change.js";
import { redactEvent } from "../changes/redact.js";
import { withEventMetadata, withoutEvents } from "../context/event-context.js";
import { EventBusError } from "../errors.js";
import type { Model, Models } from "../models/model.js";
import { isWriteOperation, WRITE_OPERATIONS, type WriteOperation } from "../models/operations.js";
import { readModels } from "../models/read-models.js";
import { type ResolvedBusOptions, resolveBusOptions } from "../registry/capture-rules.js";
import { CHECK_CLIENT, DESCRIBE } from "../registry/captured-model.js";
import type { AnyEventType, EventDraft } from "../registry/event-type.js";
import { checkRedactedFields, type Redaction } from "../registry/redaction.js";
import { unlistedEvent } from "../registry/unlisted-event.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import { capturesActionsOn, capturesReferentialActions } from "./catalog/captured-actions.js";
import { knownCatalog } from "./catalog/catalog.js";
import { inCallersTransaction, outerComponents } from "./clients/outer-components.js";
import { OuterExtensions } from "./clients/outer-extensions.js";
import { describeCapture } from "./describe-capture.js";
import { hooksOf } from "./model-hooks.js";
import type { Bus } from "./prisma/bus.js";
import { noteCaller } from "./prisma/call-params.js";
import { lazily, schemaOf } from "./prisma/client-parts.js";
import { asCallFailure } from "./prisma/errors.js";
import { type InternalClient, rootOf } from "./prisma/internals.js";
import { executorIn } from "./prisma/own-client.js";
import { probe } from "./prisma/probe.js";
import { queryHooks } from "./prisma/query-hooks.js";
import { watchSending } from "./prisma/replace-steps.js";
import { selfCheck } from "./prisma/self-check.js";
import { type Drafts, publishDrafts } from "./publish.js";
import { PUBLISH, resolveTransaction, type TransactionWiring, transaction } from "./transactions/batch.js";
import { batchLimits } from "./transactions/limits.js";
import { correlationIn } from "./transactions/scope.js";
import { inQueue, noteFailure } from "./transactions/transaction-queue.js";
import type { EventBusExtension } from "./types/event-bus-extension.js";
import type { EventBusOptions } from "./types/event-bus-options.js";

/**
 * The Prisma extension: turns mutations of the models in `capture` into events, which are written in the same
 * transaction as the mutation.
 *
 * Options are checked at once, names of models and fields when a client is extended.
 *
 * @throws EventBusError `INVALID_OPTION`, `DUPLICATE_NAME`, `UNKNOWN_EVENT`, `UNKNOWN_MODEL`; from `$extends`
 * also `PRISMA_INCOMPATIBLE` when the client lacks what the extension depends on.
 * @example
 * ```ts
 * const prisma = new PrismaClient({ adapter }).$extends(
 *   eventBus({ events: [UserRegistered], capture: { User: { create: UserRegistered } } }),
 * );
 * ```
 */
export function eventBus<const Events extends readonly AnyEventType[]>(
  options: EventBusOptions<Events>,
): EventBusExtension<Events> {
  resolveBusOptions(options, undefined);
  const extension = (client: unknown): object => {
    probe(client);
    if ("$publish" in client) throw alreadyExtended();
    const root = rootOf(client);
    const models = readModels(schemaOf(root).models, schemaOf(root).text);
    const resolved = resolveBusOptions(options, Array.from(models.keys()), (name, omitted) => {
      const model = models.get(name);
      return model && conditionFields(model, omitted);
    });
    for (const name of resolved.rules.keys()) checkCapturable(models.get(name));
    for (const [name, redaction] of resolved.redactions) checkRedactable(models.get(name), redaction);
    rememberEvents(resolved, models);
    const bus: Bus = { options: resolved, models, root, client };
    watchSending(root);
    const reached = reachedModels(models, resolved);
    const isHooked = (model: Model) =>
      reached.has(model.name) || (!model.isView && capturesReferentialActions(bus));
    const hooked = Array.from(models.values()).filter(isHooked);
    const calls = new OuterExtensions(
      bus,
      (model, action) => isWatched(bus, reached, model, action),
      (within) => queryHooks(hooked.map((model) => hooksOf(bus, model, reached.has(model.name), within))),
    );
    const outer = outerComponents({ bus, calls, extend: (other) => extension(other) as InternalClient });
    const extended = client.$extends({
      name: "ex-event-bus",
      query: calls.query,
      model: outer.model,
      client: { ...outer.client, ...clientMethods(bus, client, reached, calls) },
    });
    return noteCaller(extended as object, calls.around);
  };
  return extension as unknown as EventBusExtension<Events>;
}

function alreadyExtended(): EventBusError {
  return new EventBusError(
    "INVALID_OPTION",
    "This client has the event bus already; with two of them every event would be published twice. Expected one " +
      "eventBus(…) for a client: put all events and rules into it.",
  );
}

function checkCapturable(model: Model | undefined): void {
  if (model === undefined || (model.identity !== undefined && !model.isView)) return;
  const why = model.isView ? "is a view" : "has neither @id nor a @unique key without optional fields";
  throw new EventBusError(
    "NOT_CAPTURED",
    `The model ${model.name} ${why}, so its rows cannot be told apart. Expected rules in capture for tables with a key: ` +
      "add one, or take the rule away.",
    { value: model.name, path: `capture.${model.name}` },
  );
}

function checkRedactable(model: Model | undefined, redaction: Redaction): void {
  if (model === undefined) return;
  checkRedactedFields(model.name, redaction, new Set(model.scalars.keys()), model.identity?.fields ?? []);
}

/**
 * The models whose calls may be captured: those with rules or events, and those from which nested writes can reach a model with
 * rules. Calls of all others take Prisma's own path, unless a foreign key that the Prisma schema does not have may set off a
 * referential action.
 */
function reachedModels(models: Models, options: ResolvedBusOptions): ReadonlySet<string> {
  const reached = new Set<string>(options.rules.keys());
  for (const name of reached) {
    // Grows while it is read, until nothing new is reached.
    for (const relation of models.get(name)?.relations.values() ?? []) reached.add(relation.model);
  }
  for (const event of options.eventsByName.values()) if (event.model !== undefined) reached.add(event.model);
  return reached;
}

/** Methods of the client. Prisma calls them with the client that they are called on, also that of a transaction. */
function clientMethods(
  bus: Bus,
  client: InternalClient,
  reached: ReadonlySet<string>,
  calls: OuterExtensions,
): object {
  const extend = client.$extends;
  const wiring: TransactionWiring = {
    base: client.$transaction,
    root: bus.root,
    defaults: batchLimits(bus.root, bus.options.transaction),
    isHooked: (model, action) => isWatched(bus, reached, model, action),
    within: inCallersTransaction,
  };
  return {
    $extends(this: InternalClient, extension: object) {
      return noteCaller(extend.call(this, extension) as object, calls.around);
    },
    $transaction(this: InternalClient, input: unknown, options?: unknown) {
      return transaction(wiring, this, input, options);
    },
    $publish(this: InternalClient, drafts: Drafts) {
      const promise = lazily(this, async (handle) => {
        const outer = resolveTransaction(handle, "prisma.$publish");
        const settings = {
          names: bus.options.database,
          maxEventBytes: bus.options.maxEventBytes,
          metadata: eventMetadata(bus.options, undefined, () => correlationIn(outer) ?? uuidV7()),
          check: (type: AnyEventType) => checkPublished(bus, type),
          redact: (event: EventDraft, { model = "" }: AnyEventType) =>
            redactEvent(bus.options.redactions.get(model), event),
        };
        const run = () =>
          publishDrafts(executorIn(bus.root, outer), drafts, settings).catch((error: unknown) => {
            const told = asCallFailure(error, bus.root, { clientMethod: "$publish" });
            if (outer !== undefined) noteFailure(outer, told);
            throw told;
          });
        return outer === undefined ? run() : inQueue(outer, run);
      });
      return Object.assign(promise, { [PUBLISH]: true });
    },
    [DESCRIBE]: () => describeCapture(bus),
    [CHECK_CLIENT]: () => selfCheck(bus.root),
    $withEventMetadata: withEventMetadata,
    $withoutEvents: withoutEvents,
  };
}

/** Whether such calls can be captured. */
function isWatched(bus: Bus, reached: ReadonlySet<string>, model: string, action: string): boolean {
  return isWriteOperation(action) && (reached.has(model) || maySetOffActions(bus, model, action));
}

/** Whether calls of a model that is not reached may set off referential actions, by foreign keys that only PostgreSQL knows. */
function maySetOffActions(bus: Bus, name: string, operation: WriteOperation): boolean {
  const model = bus.models.get(name);
  // Nothing refers to a row that is created.
  const isOfOldRows = WRITE_OPERATIONS[operation].hasWhere;
  if (model === undefined || !isOfOldRows || !capturesReferentialActions(bus)) return false;
  const references = knownCatalog(bus)?.references.to(model, (holder) => capturesActionsOn(bus, holder.name));
  return references === undefined || references.length > 0;
}

function checkPublished({ options }: Bus, type: AnyEventType): void {
  if (options.eventsByName.has(type.name)) return;
  throw unlistedEvent(type.name, "$publish()", [...options.eventsByName.keys()]);
}
