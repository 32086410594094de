const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` once when `signal` is aborted; the function that is returned ends that. However many listeners there
 * are, the signal itself has one: to add and remove one for each delivery would be what costs most in a short handler.
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
