/**
 * Waits until a promise is settled, but not for ever. Returns whether it was settled in time. Keeps the process
 * alive meanwhile, and nothing afterwards.
 */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
