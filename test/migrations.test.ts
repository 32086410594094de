import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

describe("prisma/migrations", () => {
  it("lead to prisma/schema.prisma", async () => {
    const script = fileURLToPath(new URL("../prisma/make-migration.mts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script, "--check"], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      stdio: ["ignore", "ignore", "pipe"],
    });
    const closed = once(child, "close");
    let complaint = "";
    for await (const chunk of child.stderr) complaint += String(chunk);
    expect((await closed)[0], complaint).toBe(0);
  });
});
