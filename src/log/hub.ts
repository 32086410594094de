import {
  quietly,
  type Report,
  type TelemetryEvent,
  type TelemetryEventOf,
  type TelemetryMap,
} from "./telemetry.js";

/** What can be put around something: its beginning, and how its end is reported. */
export interface SurroundMap {
  /** Storing events. What `run` is given is added to their metadata where that has none of it. */
  readonly publish: {
    readonly start: TelemetryMap["publish:start"];
    readonly end: TelemetryEventOf<"publish:stop"> | TelemetryEventOf<"publish:error">;
    readonly given: { readonly traceparent: string; readonly tracestate?: string };
  };
  /** Running a handler and recording its outcome. */
  readonly deliver: {
    readonly start: TelemetryMap["deliver:start"];
    readonly end: TelemetryEventOf<"deliver:stop"> | TelemetryEventOf<"deliver:error">;
    readonly given: never;
  };
}

/**
 * Runs something in a context of its own. It has to call `run` before it returns. `run` resolves with the report of
 * the end, and never rejects.
 */
export type Surround<Name extends keyof SurroundMap> = (
  start: SurroundMap[Name]["start"],
  run: (given?: SurroundMap[Name]["given"]) => Promise<SurroundMap[Name]["end"]>,
) => void;

/**
 * Hears what the package reports in this process: its publishers, workers and pruning, whichever copy of the package
 * they use (ESM, CommonJS). Without listeners nothing is made that could be reported.
 *
 * Listeners are called at once, in the order in which they came, and should be quick. What they throw is ignored.
 */
export interface Telemetry {
  /**
   * Calls `listener` with every report of one type. Returns a function that ends it.
   *
   * @example
   * ```ts
   * const off = telemetry.on("deliver:stop", ({ subscriber, outcome, durationMs }) => {
   *   histogram.record(durationMs, { subscriber, outcome });
   * });
   * ```
   */
  on<Type extends keyof TelemetryMap>(
    type: Type,
    listener: (report: TelemetryEventOf<Type>) => void,
  ): () => void;
  /** Calls `listener` with every report. Returns a function that ends it. */
  onAny(listener: (report: TelemetryEvent) => void): () => void;
  /**
   * Puts `surround` around each publishing or delivery, so that it runs in a context, as tracers need it. Returns a
   * function that ends it. Whatever `surround` does or throws, what it surrounds is run once, and with the same result.
   *
   * @example
   * ```ts
   * telemetry.around("deliver", ({ eventId }, run) => void storage.run({ eventId }, run));
   * ```
   */
  around<Name extends keyof SurroundMap>(name: Name, surround: Surround<Name>): () => void;
}

/** The other side of {@link Telemetry}: for those who report. */
export interface TelemetryHub extends Telemetry {
  /** Cannot throw. */
  readonly report: Report;
  /** Whether anybody hears reports whose type begins with `name:`, or surrounds that. */
  watches(name: keyof SurroundMap): boolean;
  /** Whether anybody surrounds it. */
  surrounds(name: keyof SurroundMap): boolean;
  /** Runs `run` once, inside of what surrounds it, and returns or throws its result. `run` does not reject. */
  within<Name extends keyof SurroundMap, T>(
    name: Name,
    start: SurroundMap[Name]["start"],
    run: (given: Partial<SurroundMap[Name]["given"]>) => Promise<Ended<SurroundMap[Name]["end"], T>>,
  ): Promise<T>;
}

/** How something that is surrounded has ended. */
export interface Ended<End, T> {
  readonly end: End;
  /** Returns or throws. */
  readonly result: () => T;
}

type Listener = (event: never) => void;
type AnySurround = (start: never, run: (given?: object) => Promise<unknown>) => void;

/** Opens a hub that nobody listens to yet. */
export function openHub(): TelemetryHub {
  const all = new Set<Report>();
  const byType = new Map<string, Set<Listener>>();
  const around = { publish: new Set<AnySurround>(), deliver: new Set<AnySurround>() };
  const hears = (type: keyof TelemetryMap) => (byType.get(type)?.size ?? 0) > 0;
  return {
    on(type, listener) {
      const listeners = byType.get(type) ?? new Set();
      byType.set(type, listeners);
      return added(listeners, (event: never) => listener(event));
    },
    onAny: (listener) => added(all, (event) => listener(event)),
    around: (name, surround) =>
      added<AnySurround>(around[name], (start, run) => surround(start, run as never)),
    report(event) {
      for (const listener of byType.get(event.type) ?? []) quietly(() => listener(event as never));
      for (const listener of all) quietly(() => listener(event));
    },
    watches: (name) =>
      all.size > 0 ||
      around[name].size > 0 ||
      hears(`${name}:start`) ||
      hears(`${name}:stop`) ||
      hears(`${name}:error`),
    surrounds: (name) => around[name].size > 0,
    async within(name, start, run) {
      const { result } = await enter([...around[name]], start, {}, run as never);
      return result() as never;
    },
  };
}

function added<T>(set: Set<T>, one: T): () => void {
  set.add(one);
  return () => void set.delete(one);
}

/** The first surrounds the others. One that fails, or does not call what it is given, is as if it were not there. */
function enter(
  [surround, ...others]: readonly AnySurround[],
  start: unknown,
  given: object,
  run: (given: object) => Promise<Ended<unknown, unknown>>,
): Promise<Ended<unknown, unknown>> {
  if (surround === undefined) return run(given);
  let running: Promise<Ended<unknown, unknown>> | undefined;
  const inside = (more: object = {}) => (running ??= enter(others, start, { ...given, ...more }, run));
  quietly(() => surround(start as never, async (more) => (await inside(more)).end));
  return running ?? inside();
}

const KEY = Symbol.for("ex-event-bus.telemetry");

// Shared by the ESM and the CommonJS copy of the package: who listens through one of them hears both.
const registry = globalThis as { [KEY]?: TelemetryHub };

/** The hub of this process. */
export const hub: TelemetryHub = registry[KEY] ?? openHub();
registry[KEY] = hub;

/**
 * Hears what the package reports in this process. See {@link TelemetryMap} for what there is.
 *
 * @example
 * ```ts
 * telemetry.on("worker:takeover", ({ dead }) => alert(`${dead.length} workers have died`));
 * ```
 */
export const telemetry: Telemetry = hub;
