/** The part of a matcher's `this` that both runners have and that is used here. */
export interface MatcherContext {
  readonly isNot?: boolean | undefined;
  readonly utils?: { stringify?(value: unknown): string } | undefined;
}

/** The result that a matcher returns to its runner. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Makes a result. The message is made only if the assertion fails. */
export async function verdict(
  { isNot }: MatcherContext,
  pass: boolean,
  explain: () => Promise<string>,
): Promise<MatcherResult> {
  const fails = pass === (isNot === true);
  const text = fails ? await explain() : "";
  return { pass, message: () => text };
}
