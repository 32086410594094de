import { invalidOption, isObject } from "./check-options.js";
import type { EventMetadata } from "./event.js";

/** Keys of metadata that the package itself reads; everything else is the caller's. */
const TEXTS = ["correlationId", "causationId", "mutationId", "traceparent"] as const;

/**
 * @param option the name of the metadata in messages; `of` is the call that it was passed to.
 * @throws EventBusError `INVALID_OPTION` if it is no object or is a promise, or if a key that the package reads is no string.
 */
export function checkMetadata(metadata: unknown, option: string, of: string): EventMetadata {
  if (typeof (Object(metadata) as { readonly then?: unknown }).then === "function")
    throw invalidOption(option, metadata, "an object, at once", { of });
  if (!isObject(metadata)) throw invalidOption(option, metadata, "an object", { of });
  for (const name of TEXTS) {
    const value = metadata[name];
    if (value === undefined || typeof value === "string") continue;
    throw invalidOption(name, value, "a string", { of, path: option });
  }
  return metadata as EventMetadata;
}
