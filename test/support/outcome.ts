/** How a program ended, failed or not, and what it wrote. */
export interface Outcome {
  readonly exitCode: number | string;
  readonly output: string;
}

/** The outcome of `promisify(execFile)`, which rejects when a program fails. */
export async function outcomeOf(
  ended: Promise<{ readonly stdout: string; readonly stderr: string }>,
): Promise<Outcome> {
  try {
    const { stdout, stderr } = await ended;
    return { exitCode: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | string; stdout: string; stderr: string };
    return { exitCode: code, output: stdout + stderr };
  }
}
