import color from "picocolors";

/** Has something undone when the demo ends, in whatever way; the last one first. */
export type CleanUp = (task: () => Promise<unknown>) => void;

/**
 * Runs a demo to its end and cleans up, also after an error and after Ctrl-C. The process exits with 0 only when the
 * demo returns true.
 */
export async function runDemo(demo: (cleanUp: CleanUp) => Promise<boolean>): Promise<void> {
  const tasks: (() => Promise<unknown>)[] = [];
  const clean = async () => {
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      // What cannot be cleaned up must not keep the rest from it.
      await task().catch((error: unknown) => console.error(error));
    }
  };
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      interrupted = true;
      console.error(color.yellow(`\n${signal}: cleaning up`));
      void clean().finally(() => process.exit(130));
    });
  }
  let succeeded = false;
  try {
    succeeded = await demo((task) => tasks.push(task));
  } catch (error) {
    // The database goes away under a demo that is interrupted: its complaints are of no interest.
    if (!interrupted) console.error(color.red("The demo failed:"), error);
  }
  // The signal's handler is at it already, and exits.
  if (interrupted) return;
  await clean();
  process.exit(succeeded ? 0 : 1);
}
