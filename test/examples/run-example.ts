import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { inject } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a demo on the test server, in a process of its own, as its npm script does. */
export async function runExample(
  path: string,
  ...args: string[]
): Promise<{ readonly exitCode: unknown; readonly output: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", path, ...args], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: inject("server").url, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const [exitCode]: unknown[] = await once(child, "close");
  return { exitCode, output };
}
