/** What an assertion says when it fails. */
export async function failureOf(assertion: Promise<unknown>): Promise<string> {
  const failure: unknown = await assertion.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) throw new Error("the assertion passed");
  return String((failure as { message?: unknown }).message);
}
