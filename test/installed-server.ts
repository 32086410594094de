// npm run test:installed [-- more files]: a part of the tests on a PostgreSQL that the distribution has installed. The embedded
// server is of one version, and cannot compile plans (JIT), which those of distributions do at PostgreSQL's own settings.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";

import type { PostgresBinaries } from "../src/testing/postgres-binaries.js";
import { prepareFolder } from "../src/testing/postgres-folder.js";
import { startGuard } from "../src/testing/postgres-guard.js";
import { freePort, startProcess } from "../src/testing/postgres-process.js";
import { serverUser } from "../src/testing/postgres-user.js";
import { findInstalled, INSTALLED_FILES, NONE_INSTALLED, VERSIONS } from "./support/installed-postgres.js";

const found = findInstalled();
if (found === undefined) {
  console.log(NONE_INSTALLED);
  process.exit(0);
}
console.log(`On PostgreSQL ${found.version} of ${VERSIONS}:`);
process.exit(await runOn(found.binaries));

/** Runs the tests on a server of their own, and returns their exit code. */
async function runOn(binaries: PostgresBinaries): Promise<number> {
  const user = serverUser();
  const { dataDir, password, temporary } = prepareFolder(binaries, user, undefined);
  const guard = startGuard(dataDir, temporary);
  const settings = {
    ...{ listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: "300" },
    ...{ fsync: "off", full_page_writes: "off" },
  };
  const port = await freePort();
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  const server = await startProcess({ binaries, user, dataDir, settings, onLog: undefined }, port, url);
  guard.watch(server.pid);
  try {
    const files = process.argv.length > 2 ? process.argv.slice(2) : INSTALLED_FILES;
    const tests = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...files], {
      stdio: "inherit",
      env: { ...process.env, DATABASE_URL: url },
    });
    const [code] = (await once(tests, "close")) as [number | null];
    return code ?? 1;
  } finally {
    await server.stop("immediate");
    guard.dismiss();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}
