import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";

import { hub } from "../log/hub.js";
import { assertQueryable, type Queryable } from "../outbox/executor.js";
import { checkMethods, checkOptions, invalidOption } from "../registry/check-options.js";
import { checkDatabaseNames, type DatabaseNames } from "../registry/database-names.js";
import { measureTelemetry, observeStatus } from "./metrics.js";
import { type Relation, traceTelemetry } from "./spans.js";

/** What {@link instrument} takes. */
export interface InstrumentOptions {
  /**
   * How the span of a delivery hangs together with the one that published its event. `"parent"`: it is its child, so
   * that a request and everything that followed from it are one trace. `"link"`: it begins a trace of its own. It has
   * a link to it in both cases. Defaults to `"parent"`.
   */
  readonly relation?: Relation | undefined;
  /**
   * A Prisma or `pg` client for the metrics that only the database knows: deliveries by state, the age of the oldest,
   * workers. Asked each time that metrics are collected; give it in one process. Defaults to no such metrics.
   */
  readonly client?: Queryable | undefined;
  /** Where the package's tables are, for `client`. Defaults to the schemas `event_bus` and `graphile_worker`. */
  readonly database?: DatabaseNames | undefined;
  /** Defaults to the one that is registered globally. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Defaults to the one that is registered globally. */
  readonly meterProvider?: MeterProvider | undefined;
}

const KNOWN = ["relation", "client", "database", "tracerProvider", "meterProvider"];
const PLACE = { of: "instrument()" };

/**
 * Makes spans and metrics of what publishers and workers of this process do, by OpenTelemetry's conventions for
 * messaging. Call it once in each process, after the SDK was started. Returns a function that ends it.
 *
 * Publishing is a span; its context goes with the events, in `metadata.traceparent`, so that deliveries in other
 * processes belong to it. Each attempt of a delivery is a span, in whose context the handler runs.
 *
 * @throws EventBusError `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * const off = instrument({ client: prisma });
 * ```
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const given = checkOptions(options, KNOWN, PLACE);
  const { relation = "parent", database } = given;
  if (relation !== "parent" && relation !== "link")
    throw invalidOption("relation", relation, '"parent" or "link"', PLACE);
  checkDatabaseNames(database, [], PLACE);
  checkMethods(given, "tracerProvider", ["getTracer"], "a tracer provider", PLACE);
  checkMethods(given, "meterProvider", ["getMeter"], "a meter provider", PLACE);
  if (options.client !== undefined) assertQueryable(options.client, PLACE);
  const { client, tracerProvider = trace, meterProvider = metrics } = options;
  const meter = meterProvider.getMeter("ex-event-bus");
  const offs = [
    traceTelemetry(hub, tracerProvider.getTracer("ex-event-bus"), relation),
    measureTelemetry(hub, meter),
    ...(client === undefined ? [] : [observeStatus(meter, client, options.database)]),
  ];
  return () => {
    for (const off of offs) off();
  };
}
