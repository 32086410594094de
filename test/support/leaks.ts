import { afterAll, vi } from "vitest";

import { closeAll } from "./at-end.js";
import { changeableParts } from "./changeable-parts.js";
import { openDatabases } from "./database.js";
import { countChildProcesses, findOpenConnections } from "./find-leaks.js";

// Runs before each test file. Hooks run in reverse order: this one after those of the file.
const childrenBefore = countChildProcesses();
const packagesBefore = changeableParts();

afterAll(async () => {
  await closeAll();
  const leaks: string[] = [];
  for (const database of [...openDatabases]) {
    if (!database.pool.ended) await database.pool.end();
    leaks.push(...(await findOpenConnections(database.name)));
    await database[Symbol.asyncDispose]();
  }
  for (const [part, now] of changeableParts())
    if (now !== packagesBefore.get(part)) leaks.push(`${part}, changed, for all files of this process`);
  const children = () => countChildProcesses() - childrenBefore;
  const noChildren = () => {
    if (children() > 0) throw new Error("still running");
  };
  await vi
    .waitFor(noChildren, { timeout: 2_000, interval: 20 })
    .catch(() => leaks.push(`${children()} child process(es)`));
  if (leaks.length > 0) {
    throw new Error(`This test file leaves behind: ${leaks.join("; ")}. Close or stop them in the test.`);
  }
});
