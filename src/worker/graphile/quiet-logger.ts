import { Logger as GraphileLogger } from "graphile-worker";

import type { Logger } from "../../log/logger.js";

/** Lines of the levels info and debug are kept only if they are about the schema: the others are about each loop and job. */
const ABOUT_THE_SCHEMA = /\bmigrations?\b/i;

/** graphile-worker warns if it has more loops than connections. That is intended, because most loops wait. */
const ABOUT_CONNECTIONS = /\bmaxPoolSize\b/;

/** Writes graphile-worker's lines at the level debug. The package itself reports everything that a user must know. */
export function quietLogger(log: Logger): GraphileLogger {
  return new GraphileLogger(() => (severity, line) => {
    const isStep = severity === "debug" || severity === "info";
    if (isStep ? !ABOUT_THE_SCHEMA.test(line) : ABOUT_CONNECTIONS.test(line)) return;
    log.debug("graphile-worker wrote a line.", { severity, line });
  });
}
