import { EventBusError } from "../errors.js";
import type { Model } from "../models/model.js";
import type { WriteOperation } from "../models/operations.js";
import type { ResolvedBusOptions } from "../registry/capture-rules.js";
import { checkMetadata } from "../registry/check-metadata.js";
import { describe } from "../registry/check-options.js";
import type { EventMetadata } from "../registry/event.js";
import type { AnyEventType } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import { unlistedEvent } from "../registry/unlisted-event.js";
import type { CallArgs } from "./prisma/selection.js";

/** What a call may say to the extension. Never reaches Prisma. */
export interface CallExtras {
  readonly events: readonly AnyEventType[];
  readonly metadata: EventMetadata | undefined;
  /** For upsert: nothing is published when the row was there already. */
  readonly silentOnUpdate: boolean;
}

/** Of a call that says nothing. */
const NO_EXTRAS: CallExtras = { events: [], metadata: undefined, silentOnUpdate: false };

/** Whether a call says something to the extension. */
export function hasExtras(args: CallArgs): boolean {
  return "event" in args || "eventMetadata" in args || "silentOnUpdate" in args;
}

/** Takes what is meant for the extension out of the arguments, and checks it. */
export function takeExtras(
  model: Model,
  operation: WriteOperation,
  args: CallArgs,
  options: ResolvedBusOptions,
): { readonly args: CallArgs; readonly extras: CallExtras } {
  if (!hasExtras(args)) return { args, extras: NO_EXTRAS };
  const { event, eventMetadata, silentOnUpdate, ...rest } = args;
  const call = `prisma.${model.jsName}.${operation}`;
  if (eventMetadata !== undefined) checkMetadata(eventMetadata, "eventMetadata", call);
  if (silentOnUpdate !== undefined && (operation !== "upsert" || typeof silentOnUpdate !== "boolean")) {
    const expected = operation === "upsert" ? "true or false" : "this option on upsert only";
    throw invalid(
      `${call}: silentOnUpdate is ${describe(silentOnUpdate)}, expected ${expected}`,
      "silentOnUpdate",
      silentOnUpdate,
    );
  }
  const events = event === undefined ? [] : [event].flat();
  return {
    args: rest,
    extras: {
      events: events.map((candidate) => checkEvent(candidate, model, call, options)),
      metadata: eventMetadata as EventMetadata | undefined,
      silentOnUpdate: silentOnUpdate === true,
    },
  };
}

function checkEvent(event: unknown, model: Model, call: string, options: ResolvedBusOptions): AnyEventType {
  if (!isEventType(event)) {
    throw invalid(
      `${call}: event is ${describe(event)}, expected an event type of the model ${model.name}`,
      "event",
      event,
    );
  }
  const known = options.eventsByName.get(event.name);
  if (known === undefined) {
    throw unlistedEvent(event.name, call, [...options.eventsByName.keys()], "event");
  }
  if (known.model !== model.name) {
    const found = known.model === undefined ? "has no model" : `is of the model ${known.model}`;
    throw invalid(
      `${call}: the event "${event.name}" ${found}, expected an event of ${model.name}`,
      "event",
      event.name,
    );
  }
  return known;
}

function invalid(message: string, path: string, value: unknown): EventBusError {
  return new EventBusError("INVALID_OPTION", message, { path, value });
}
