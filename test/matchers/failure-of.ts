import { expect } from "vitest";

/** What an assertion says when it fails; without colours, so that it can be held against a text. */
export async function failureOf(assertion: Promise<unknown>): Promise<string> {
  const failure = await assertion.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure, "the assertion passed").toBeInstanceOf(Error);
  return `\n${(failure as Error).message}\n`;
}
