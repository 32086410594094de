/** The standard output of the process, before anybody else gets it. */
const { stdout, stderr } = process;
const write = stdout.write.bind(stdout);

/** Writes a command's own output. */
export function print(text: string): void {
  write(text);
}

/**
 * Keeps the standard output for what the command prints: whatever the application's code writes there, as by
 * `console.log` while its configuration is loaded, goes to the error output. A program that reads JSON gets JSON alone.
 */
export function reserveOutput(): void {
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
}

/** Output into a pipe is written in the background; ending the process before that would cut it off. */
export async function flushed(): Promise<void> {
  await new Promise<void>((resolve) => void write("", () => resolve()));
  await new Promise<void>((resolve) => void stderr.write("", () => resolve()));
}
