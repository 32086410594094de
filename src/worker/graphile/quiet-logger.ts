import { Logger as GraphileLogger } from "graphile-worker";

import type { Logger } from "../../log/logger.js";

/** Of its steps only those that change its schema; the others say when its loops and jobs begin and end. */
const ABOUT_THE_SCHEMA = /\bmigrations?\b/i;

/** It warns of too few connections for its loops, of which more run than handlers, most of them waiting. */
const ABOUT_CONNECTIONS = /\bmaxPoolSize\b/;

/** graphile-worker's own lines, for debugging only: what matters of them is reported by us. */
export function quietLogger(log: Logger): GraphileLogger {
  return new GraphileLogger(() => (severity, line) => {
    const isStep = severity === "debug" || severity === "info";
    if (isStep ? !ABOUT_THE_SCHEMA.test(line) : ABOUT_CONNECTIONS.test(line)) return;
    log.debug("graphile-worker wrote a line.", { severity, line });
  });
}
