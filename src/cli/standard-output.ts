/** The standard output of the process, before {@link reserveOutput} redirects it. */
const { stdout, stderr } = process;
const write = stdout.write.bind(stdout);

/** Writes a command's own output. */
export function print(text: string): void {
  write(text);
}

/**
 * Reserves the standard output for {@link print}. Everything else that is written there, such as a `console.log` in the
 * configuration of the application, goes to the error output. So a program that reads JSON gets JSON only.
 */
export function reserveOutput(): void {
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
}

/** Waits for output into a pipe, which is written in the background and lost if the process ends first. */
export async function flushed(): Promise<void> {
  await new Promise<void>((resolve) => void write("", () => resolve()));
  await new Promise<void>((resolve) => void stderr.write("", () => resolve()));
}
