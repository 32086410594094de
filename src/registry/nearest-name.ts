/** The candidate most similar to `name`; undefined if none is similar. Ignores case. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  // Two typing errors in a short name, two in five characters of a long one; beyond that a hint misleads.
  let least = Math.max(2, Math.ceil(wanted.length * 0.4));
  for (const candidate of candidates) {
    const distance = levenshtein(wanted, candidate.toLowerCase());
    if (distance < candidate.length && (distance < least || (distance === least && nearest === undefined))) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

/** How many characters must be added, removed or replaced to turn `a` into `b`. */
export function levenshtein(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 0; row < a.length; row++) {
    const current = [row + 1];
    for (let column = 0; column < b.length; column++) {
      const replaced = (previous[column] ?? 0) + (a[row] === b[column] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** `: did you mean "x"?`, or the possible names if none is similar. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  if (nearest !== undefined) return `: did you mean "${nearest}"?`;
  if (candidates.length === 0) return ": there are none";
  return `: expected one of ${candidates.map((candidate) => `"${candidate}"`).join(", ")}`;
}
