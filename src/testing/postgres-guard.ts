import { spawn } from "node:child_process";
import { join } from "node:path";

/** Ends a server when this process ends, in whatever way. */
export interface ServerGuard {
  /** Says which process to end; 0: none at the moment. */
  watch(pid: number): void;
  /** The server was stopped: nothing is left to do. */
  dismiss(): void;
}

// Exit handlers do not run after SIGKILL, a closed pipe is noticed always. Hence a process of its own, which reads
// the server's process id from the pipe and acts when the pipe closes.
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

/** Starts the guard of the server in `dataDir`; `temporary` is the folder to delete in the end. */
export function startGuard(dataDir: string, temporary: string | undefined): ServerGuard {
  // The lock file goes when the server ends; in a container without init its process may stay as a zombie.
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
  // A guard that could not start or was killed takes nothing else with it.
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
