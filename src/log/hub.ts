import {
  quietly,
  type Report,
  type TelemetryEvent,
  type TelemetryEventOf,
  type TelemetryMap,
} from "./telemetry.js";

/** The operations that can be surrounded: the data of the start, and the reports of the end. */
export interface SurroundMap {
  /** Storing events. The keys that `run` is given are added to their metadata, unless it has them. */
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
 * Runs an operation in a context. Must call `run` before it returns. `run` resolves with the report of the end, and never
 * rejects.
 */
export type Surround<Name extends keyof SurroundMap> = (
  start: SurroundMap[Name]["start"],
  run: (given?: SurroundMap[Name]["given"]) => Promise<SurroundMap[Name]["end"]>,
) => void;

/**
 * Subscribes to the reports of publishers, workers and pruning in this process, from the ESM and the CommonJS copy of the package
 * alike. Without listeners no reports are made.
 *
 * Listeners are called synchronously, in the order in which they were added, and should be quick. Errors that they throw are
 * ignored.
 */
export interface Telemetry {
  /**
   * Calls `listener` with every report of one type. Returns a function that removes the listener.
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
  /** Calls `listener` with every report. Returns a function that removes the listener. */
  onAny(listener: (report: TelemetryEvent) => void): () => void;
  /**
   * Calls `surround` around each publishing or delivery, so that it runs in a context, as tracers need. Returns a function that
   * removes `surround`. The operation runs exactly once and has the same result, even if `surround` throws.
   *
   * @example
   * ```ts
   * telemetry.around("deliver", ({ eventId }, run) => void storage.run({ eventId }, run));
   * ```
   */
  around<Name extends keyof SurroundMap>(name: Name, surround: Surround<Name>): () => void;
}

/** The reporting side of {@link Telemetry}. */
export interface TelemetryHub extends Telemetry {
  /** Reports to all listeners. Never throws. */
  readonly report: Report;
  /** Whether there are listeners of reports whose type begins with `name:`, or functions that surround that operation. */
  watches(name: keyof SurroundMap): boolean;
  /** Whether there are functions that surround the operation. */
  surrounds(name: keyof SurroundMap): boolean;
  /** Runs `run` once, inside the surrounding functions, and returns or throws its result. `run` must not reject. */
  within<Name extends keyof SurroundMap, T>(
    name: Name,
    start: SurroundMap[Name]["start"],
    run: (given: Partial<SurroundMap[Name]["given"]>) => Promise<Ended<SurroundMap[Name]["end"], T>>,
  ): Promise<T>;
}

/** How a surrounded operation has ended. */
export interface Ended<End, T> {
  readonly end: End;
  /** Returns the result, or throws the error. */
  readonly result: () => T;
}

type Listener = (event: never) => void;
type AnySurround = (start: never, run: (given?: object) => Promise<unknown>) => void;

/** Creates a hub without listeners. */
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

/** The first function surrounds the others. A function that throws, or does not call `run`, is skipped. */
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

// Shared by the ESM and the CommonJS copy of the package: a listener of one copy gets the reports of both.
const registry = globalThis as { [KEY]?: TelemetryHub };

/** The hub of this process. */
export const hub: TelemetryHub = registry[KEY] ?? openHub();
registry[KEY] = hub;

/**
 * The reports of the package in this process. {@link TelemetryMap} lists them.
 *
 * @example
 * ```ts
 * telemetry.on("worker:takeover", ({ dead }) => alert(`${dead.length} workers have died`));
 * ```
 */
export const telemetry: Telemetry = hub;
