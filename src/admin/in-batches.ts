import type { Batch } from "../outbox/dead-deliveries.js";
import type { DeliveryCursor } from "../outbox/delivery-filter.js";
import {
  checkFunction,
  checkInteger,
  invalidOption,
  type Place,
  type UnknownOptions,
} from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";

/** The progress of work in batches. */
export interface Progress {
  readonly done: number;
  /** How many deliveries there are to do, as counted before the first batch. */
  readonly total: number;
}

/** Options of functions that work in batches. Each batch is its own transaction, unless the client is in one. */
export interface BatchOptions extends DatabaseOptions {
  /** How many deliveries a batch has, 1 to 10000. Defaults to 500. */
  readonly batchSize?: number | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Once it is aborted, no further batch begins. Finished batches stay; the same call later does the rest. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of {@link BatchOptions} beside `database`. */
export const BATCH_OPTIONS: readonly (keyof BatchOptions)[] = ["batchSize", "onProgress", "signal"];

/** {@link BatchOptions}, checked. */
export interface BatchSettings {
  readonly batchSize: number;
  readonly onProgress: (progress: Progress) => void;
  readonly isAborted: () => boolean;
}

/** @throws EventBusError `INVALID_OPTION`. */
export function checkBatchOptions(options: BatchOptions, place: Place): BatchSettings {
  const given = options as UnknownOptions;
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption("signal", signal, "an AbortSignal", place);
  checkFunction(given, "onProgress", place);
  return {
    batchSize: checkInteger(given, "batchSize", { min: 1, max: 10_000, defaultsTo: 500 }, place),
    onProgress: options.onProgress ?? (() => undefined),
    isAborted: () => signal?.aborted === true,
  };
}

/** Runs `next` until nothing is left or the signal is aborted. Returns how many deliveries were changed. */
export async function inBatches(
  total: number,
  { batchSize, onProgress, isAborted }: BatchSettings,
  next: (limit: number, after: DeliveryCursor | undefined) => Promise<Batch>,
): Promise<number> {
  let moved = 0;
  let after: DeliveryCursor | undefined;
  while (!isAborted()) {
    const batch = await next(batchSize, after);
    moved += batch.moved;
    after = batch.last;
    if (batch.found > 0) onProgress({ done: moved, total: Math.max(total, moved) });
    if (batch.found < batchSize || after === undefined) break;
  }
  return moved;
}
