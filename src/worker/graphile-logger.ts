import { Logger as GraphileLogger } from "graphile-worker";

import type { Logger } from "../log/logger.js";

/** graphile-worker's own lines, for debugging only: what matters of them is reported by us. */
export function graphileLogger(log: Logger): GraphileLogger {
  return new GraphileLogger(
    () => (severity, line) => log.debug("graphile-worker wrote a line.", { severity, line }),
  );
}
