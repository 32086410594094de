/**
 * The package writes messages for people to a logger. Any logger with these four methods fits, including `console`.
 *
 * Messages are whole sentences without values; the values are in `fields`.
 *
 * @example
 * ```ts
 * const logger: Logger = console;
 * logger.info("The delivery was made.", { subscriber: "send-welcome-email", attempt: 1 });
 * ```
 */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Adds `fields` to all lines of a logger. Fields of a line override them. */
export function withFields(logger: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  return {
    debug: (message, own) => logger.debug(message, { ...fields, ...own }),
    info: (message, own) => logger.info(message, { ...fields, ...own }),
    warn: (message, own) => logger.warn(message, { ...fields, ...own }),
    error: (message, own) => logger.error(message, { ...fields, ...own }),
  };
}

/** Writes nothing. For tests, whose output the lines of handlers would disturb. */
export const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}
