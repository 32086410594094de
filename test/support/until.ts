/** Repeats an action until it succeeds, and returns its result; after the deadline its error counts. Outside of tests too. */
export async function until<T>(action: () => T | Promise<T>, timeoutMs: number, pauseMs = 50): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
