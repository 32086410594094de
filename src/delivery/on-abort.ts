const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` once when `signal` is aborted. Returns a function that removes the listener. The signal itself has only one
 * listener, because adding and removing one for each delivery would be the greatest cost of a short handler.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = listeners.get(signal);
  const all = known ?? new Set();
  if (known === undefined) {
    listeners.set(signal, all);
    signal.addEventListener("abort", () => {
      for (const one of [...all]) one();
    });
  }
  all.add(listener);
  return () => void all.delete(listener);
}
