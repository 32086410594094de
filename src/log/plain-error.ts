/**
 * What a log says of an error. Not everything that it carries: clients of HTTP APIs put the request on their errors, with
 * its headers, and drivers their options.
 */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  /** Where, of an `EventBusError`. */
  readonly path?: string;
  readonly stack?: string;
  readonly cause?: PlainError | string;
  /** Of an `AggregateError`. */
  readonly errors?: readonly (PlainError | string)[];
}

/** How many causes of causes a log says. */
const MOST_CAUSES = 10;

/**
 * An error without what only its maker should read.
 *
 * @param around the errors that it is a cause of, or one of several in: they can lead back to themselves.
 */
export function plainError(error: Error, around: readonly Error[] = []): PlainError {
  const { name, message, stack, cause } = error;
  const { code, path, errors } = error as { code?: unknown; path?: unknown; errors?: unknown };
  const isDeep = around.length >= MOST_CAUSES;
  const chain = [...around, error];
  const inner = (one: unknown) => {
    if (!(one instanceof Error)) return textOf(one);
    return chain.includes(one) ? "[again]" : plainError(one, chain);
  };
  return {
    name,
    message,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(typeof path === "string" ? { path } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined || isDeep ? {} : { cause: inner(cause) }),
    ...(Array.isArray(errors) && !isDeep ? { errors: errors.map(inner) } : {}),
  };
}

/** The stack of an error with those of its causes beneath it, as Node.js writes them. */
export function stackText(error: Error): string {
  return lines(plainError(error), "").join("\n");
}

function lines(error: PlainError | string, label: string): string[] {
  if (typeof error === "string") return [`${label}${error}`];
  const { name, message, code, stack = `${name}: ${message}`, cause, errors = [] } = error;
  const more = [
    ...(code === undefined || stack.includes(String(code)) ? [] : [`code: ${code}`]),
    ...(cause === undefined ? [] : lines(cause, "[cause]: ")),
    ...errors.flatMap((one, n) => lines(one, `[errors] ${n}: `)),
  ];
  return [`${label}${stack}`, ...more.flatMap((line) => line.split("\n").map((one) => `  ${one}`))];
}

/** Something that was thrown or given as a cause and is no error. */
function textOf(value: unknown): string {
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
