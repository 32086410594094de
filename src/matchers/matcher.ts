/** What the runner gives a matcher as `this`: the part that both runners have, and that is used here. */
export interface MatcherContext {
  readonly isNot?: boolean | undefined;
  readonly utils?: { stringify?(value: unknown): string } | undefined;
}

/** What a matcher tells its runner. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** A result; what it says is put together only when somebody will read it. */
export async function verdict(
  { isNot }: MatcherContext,
  pass: boolean,
  explain: () => Promise<string>,
): Promise<MatcherResult> {
  const fails = pass === (isNot === true);
  const text = fails ? await explain() : "";
  return { pass, message: () => text };
}
