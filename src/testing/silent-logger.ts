import type { Logger } from "../log/logger.js";

/** Writes nothing: lines of handlers would stand between those of the tests. */
export const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}
