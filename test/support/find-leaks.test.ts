import { spawn } from "node:child_process";
import { once } from "node:events";

import pg from "pg";
import { describe, expect, it } from "vitest";

import { testDatabase } from "./database.js";
import { eventually } from "./eventually.js";
import { countChildProcesses, findOpenConnections } from "./find-leaks.js";

const { name, url } = await testDatabase();

describe("findOpenConnections", () => {
  it("names what is connected, and nothing once it is not", async () => {
    const client = new pg.Client({ connectionString: url, application_name: "forgotten" });
    await client.connect();
    await client.query("select 1 as one");
    expect(await findOpenConnections(name, 0)).toEqual([
      'a connection of "forgotten" (last: select 1 as one)',
    ]);
    await client.end();
    expect(await findOpenConnections(name)).toEqual([]);
  });
});

describe("countChildProcesses", () => {
  it("counts those that run", async () => {
    const before = countChildProcesses();
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
    expect(countChildProcesses()).toBe(before + 1);
    child.stdin.end();
    await once(child, "close");
    await eventually(() => expect(countChildProcesses()).toBe(before));
  });
});
