const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` once when `signal` is aborted. Returns what ends that. Of however many there are at a time, the signal
 * has one listener: adding and removing its own is what costs most in a short handler's run.
 */
export function whenAborted(signal: AbortSignal, listener: () => void): () => void {
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
