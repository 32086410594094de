/**
 * Where the package writes what a human may want to read. Any logger with these four methods fits, `console`
 * included.
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
