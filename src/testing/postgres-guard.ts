import { spawn } from "node:child_process";
import { join } from "node:path";

/** Ends a server when this process ends, even if it is killed. */
export interface ServerGuard {
  /** Sets the process to end; 0 for none. */
  watch(pid: number): void;
  /** Ends the guard itself. To be called when the server has stopped. */
  dismiss(): void;
}

// Exit handlers do not run after SIGKILL, but the system closes the pipes of every process that ends. So the guard is a process
// of its own: it reads the server's process id from a pipe, and ends the server when the pipe closes.
const program = `
const { existsSync, rmSync } = require("node:fs");
const [lock, temporary] = process.argv.slice(1);
let pid = 0;
let rest = "";
process.on("SIGINT", () => {}).on("SIGTERM", () => {}).on("SIGHUP", () => {});
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines) pid = Number(line);
}).on("end", () => {
  const signal = (name) => { try { return process.kill(pid, name); } catch { return false; } };
  if (pid > 0) signal("SIGQUIT");
  const wait = (tries) => {
    if (pid > 0 && signal(0) && existsSync(lock) && tries > 0) return setTimeout(wait, 50, tries - 1);
    if (temporary) rmSync(temporary, { recursive: true, force: true });
    process.exit();
  };
  wait(200);
});
`;

/** Starts the guard of the server in `dataDir`; `temporary` is the folder to delete after it. */
export function startGuard(dataDir: string, temporary: string | undefined): ServerGuard {
  // The server deletes its lock file when it ends. In a container without init, its process may remain as a zombie.
  const lock = join(dataDir, "postmaster.pid");
  const guard = spawn(
    process.execPath,
    ["-e", program, lock, ...(temporary === undefined ? [] : [temporary])],
    {
      detached: true,
      cwd: "/",
      env: {},
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  guard.unref();
  // A guard that cannot start, or is killed, must not end this process.
  guard.on("error", () => undefined);
  guard.stdin.on("error", () => undefined);
  if ("unref" in guard.stdin && typeof guard.stdin.unref === "function") guard.stdin.unref();
  return {
    watch: (pid) => {
      guard.stdin.write(`${pid}\n`);
    },
    dismiss: () => {
      guard.kill("SIGKILL");
    },
  };
}
