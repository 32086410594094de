const closings: (() => unknown)[] = [];

/**
 * Has something closed or deleted after the test file that is running. Modules that test files share are loaded once for
 * many of them: an `afterAll` at the top of one would belong to the first file alone.
 */
export function atEndOfFile(close: () => unknown): void {
  closings.push(close);
}

/** Closes what the test file has opened, the last one first. All are closed, also when one of them fails. */
export async function closeAll(): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closings.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
