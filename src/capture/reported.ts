import { hub } from "../log/hub.js";
import type { PublishedEvent, Publishing } from "../log/telemetry.js";
import type { EventDraft } from "../registry/event-type.js";

/** What storing returns. */
interface Stored {
  /** Undefined where the statement does not return it. */
  readonly deliveries?: number;
}

/**
 * Stores drafts and reports it. What surrounds publishing may give them a trace context; one that they have already
 * stays. Without listeners, this only stores.
 */
export function reported<T extends Stored>(
  source: Publishing["source"],
  drafts: readonly EventDraft[],
  store: (drafts: readonly EventDraft[]) => Promise<T>,
): Promise<T> {
  return drafts.length > 0 && hub.watches("publish") ? report(source, drafts, store) : store(drafts);
}

async function report<T extends Stored>(
  source: Publishing["source"],
  drafts: readonly EventDraft[],
  store: (drafts: readonly EventDraft[]) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const start: Publishing = { source, events: drafts.map(describe) };
  hub.report({ type: "publish:start", ...start });
  return hub.within("publish", start, async (trace) => {
    try {
      const stored = await store(trace.traceparent === undefined ? drafts : drafts.map(withTrace(trace)));
      const { deliveries = null } = stored;
      const durationMs = performance.now() - startedAt;
      const end = { type: "publish:stop", ...start, deliveries, durationMs } as const;
      hub.report(end);
      return { end, result: () => stored };
    } catch (error) {
      const durationMs = performance.now() - startedAt;
      const end = { type: "publish:error", ...start, durationMs, error } as const;
      hub.report(end);
      return {
        end,
        result: () => {
          throw error;
        },
      };
    }
  });
}

function describe({ id, name, aggregateType, aggregateKey, metadata }: EventDraft): PublishedEvent {
  const { correlationId, traceparent } = metadata;
  return { id, name, aggregateType, aggregateKey, correlationId, traceparent };
}

function withTrace(trace: { readonly traceparent?: string; readonly tracestate?: string }) {
  return (draft: EventDraft): EventDraft =>
    draft.metadata.traceparent === undefined
      ? { ...draft, metadata: { ...draft.metadata, ...trace } }
      : draft;
}
