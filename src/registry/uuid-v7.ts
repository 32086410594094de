import { randomUUID } from "node:crypto";

/**
 * A UUID of version 7 (RFC 9562): 48 bits of milliseconds since 1970, then 74 random bits. Ids of different
 * milliseconds sort by time; within a millisecond their order is random.
 */
export function uuidV7(): string {
  const now = Date.now();
  if (now !== last.millisecond) {
    const time = now.toString(16).padStart(12, "0");
    last = { millisecond: now, start: `${time.slice(0, 8)}-${time.slice(8)}-7` };
  }
  return last.start + randomUUID().slice(15);
}

/** Events of one call are made within a few milliseconds, so the text of a millisecond is kept. */
let last = { millisecond: -1, start: "" };
