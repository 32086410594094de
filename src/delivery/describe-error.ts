import { inspect } from "node:util";

const MAX_MESSAGE = 2_000;
const MAX_STACK = 4_000;

/** What was thrown, as it is recorded. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Anything that can be thrown, as text that can be stored. Never throws itself, whatever getters do. */
export function describeError(thrown: unknown): ErrorDescription {
  try {
    return thrown instanceof Error ? describeInstance(thrown) : describeValue(thrown);
  } catch {
    return { name: "Error", message: "an error was thrown that cannot be described" };
  }
}

function describeInstance(error: Error): ErrorDescription {
  const name = text(error.name || error.constructor?.name || "Error", 200);
  const message = text(error.message || "an error without a message", MAX_MESSAGE);
  const stack = stackWithCauses(error);
  return stack === "" ? { name, message } : { name, message, stack: text(stack, MAX_STACK) };
}

/** Things that are not errors have no stack; a name says what kind of thing it was. */
function describeValue(thrown: unknown): ErrorDescription {
  if (typeof thrown === "string" && thrown !== "")
    return { name: "string", message: text(thrown, MAX_MESSAGE) };
  const name = thrown === null ? "null" : typeof thrown;
  // Errors of another realm (a vm, a worker thread) are no instances of our Error.
  if (typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown) {
    return {
      name: "name" in thrown ? text(String(thrown.name), 200) : name,
      message: text(String(thrown.message), MAX_MESSAGE),
      stack: text(String(thrown.stack), MAX_STACK),
    };
  }
  return { name, message: `thrown: ${text(inspect(thrown, { depth: 2 }), MAX_MESSAGE)}` };
}

function stackWithCauses(error: Error): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  for (
    let current: unknown = error;
    current instanceof Error && !seen.has(current);
    current = current.cause
  ) {
    seen.add(current);
    if (typeof current.stack === "string") parts.push(current.stack);
  }
  return parts.join("\nCaused by: ");
}

/** PostgreSQL refuses the NUL character and halves of surrogate pairs in jsonb: a text with one could never be stored. */
function text(value: string, maxLength: number): string {
  const cut = value.length > maxLength ? `${value.slice(0, maxLength)}…` : value;
  return cut.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}
