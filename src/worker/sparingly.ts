/** It takes at most this part of the time: with millions of jobs one look at them takes seconds. */
const SHARE = 0.05;

/** Does some work when it is called, unless that would take more than a small part of the time since it was begun before. */
export function sparingly(work: () => Promise<void>): () => Promise<void> {
  let notBefore = 0;
  return async () => {
    const startedAt = performance.now();
    if (startedAt < notBefore) return;
    try {
      await work();
    } finally {
      const endedAt = performance.now();
      notBefore = endedAt + (endedAt - startedAt) * (1 / SHARE - 1);
    }
  };
}
