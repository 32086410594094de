import type { IntegerRange } from "./check-options.js";

/** The largest event in bytes of JSON. PostgreSQL's own limit for a jsonb value is 256 MiB. */
export const EVENT_SIZE = {
  min: 1_024,
  max: 268_435_455,
  defaultsTo: 10_485_760,
  of: "bytes",
} as const satisfies IntegerRange;
