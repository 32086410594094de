import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

// What must compile and what must not (@ts-expect-error) stands in test/types.
describe.each(["typescript", "typescript5"])("the types, with %s", (compiler) => {
  it.each([
    ["a client of prisma-client", "test/types"],
    ["a client of prisma-client-js", "test/types/client-js"],
    ["a registered client", "test/types/registered"],
  ])("fit %s", { timeout: 120_000 }, async (_, project) => {
    const check = run(process.execPath, [`node_modules/${compiler}/bin/tsc`, "-p", project], { cwd: root });
    const outcome = await check.catch((error: { readonly stdout: string }) => error);
    expect(outcome.stdout).toBe("");
  });
});
