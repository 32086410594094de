import { Logger as GraphileLogger } from "graphile-worker";

import type { Logger } from "../../log/logger.js";

/** Lines of lower levels are passed on only if they are about its schema: the others tell of each loop and job. */
const ABOUT_THE_SCHEMA = /\bmigrations?\b/i;

/** It warns of more loops than connections, which is intended: most of the loops wait. */
const ABOUT_CONNECTIONS = /\bmaxPoolSize\b/;

/** A logger that passes graphile-worker's lines on for debugging; what matters in them, the package reports itself. */
export function quietLogger(log: Logger): GraphileLogger {
  return new GraphileLogger(() => (severity, line) => {
    const isStep = severity === "debug" || severity === "info";
    if (isStep ? !ABOUT_THE_SCHEMA.test(line) : ABOUT_CONNECTIONS.test(line)) return;
    log.debug("graphile-worker wrote a line.", { severity, line });
  });
}
