import { vi } from "vitest";

/** Repeats an assertion until it passes, and returns what it returns; after the deadline its error counts. */
export function eventually<T>(assertion: () => T | Promise<T>, timeoutMs = 120_000): Promise<T> {
  return vi.waitFor(assertion, { timeout: timeoutMs, interval: 10 });
}
