import { currentContext } from "../context/event-context.js";
import type { ResolvedBusOptions } from "../registry/capture-rules.js";
import { checkMetadata } from "../registry/check-metadata.js";
import type { EventMetadata } from "../registry/event.js";

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
