import { EventBusError } from "../../src/errors.js";

/** What a call is refused with: its code, message, path and value. Fails when the call is not refused. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return describeRefusal(error);
  }
  throw new Error("expected the call to be refused, but it returned");
}

/** As {@link refusal}, for what is refused later. */
export async function laterRefusal(call: () => Promise<unknown>): Promise<string> {
  const outcome = await call().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (outcome === undefined) throw new Error("expected the call to be refused, but it returned");
  return describeRefusal(outcome.error);
}

function describeRefusal(error: unknown): string {
  if (!(error instanceof EventBusError)) throw error;
  return `${error.code} at ${error.path ?? "-"}: ${error.message}`;
}
