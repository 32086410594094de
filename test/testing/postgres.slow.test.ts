import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Client } from "pg";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import { type PostgresServer, startPostgres } from "../../src/testing/postgres.js";
import { sharedFolder } from "../../src/testing/postgres-binaries.js";
import { serverUser } from "../../src/testing/postgres-user.js";
import { eventually } from "../support/eventually.js";

const log: string[] = [];
const server = await startPostgres({ settings: { max_connections: "20" }, onLog: (line) => log.push(line) });
afterAll(() => server.stop());

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: "array" })).rows[0] ?? [];
  } finally {
    await client.end();
  }
}

async function start(options: Parameters<typeof startPostgres>[0]): Promise<PostgresServer> {
  const started = await startPostgres(options);
  onTestFinished(() => started.stop());
  return started;
}

describe("startPostgres", () => {
  it("has the default settings and those of the caller", async () => {
    const sql =
      "select current_setting('fsync'), current_setting('max_connections'), current_setting('listen_addresses')";
    expect(await query(server.url, sql)).toEqual(["off", "20", "127.0.0.1"]);
  });

  it("stores text as UTF-8 and sorts it by code point", async () => {
    const sql = "select current_setting('server_encoding'), 'Z' < 'a' collate \"default\"";
    expect(await query(server.url, sql)).toEqual(["UTF8", true]);
  });

  it("gives the log line by line", () => {
    expect(log.some((line) => line.endsWith("database system is ready to accept connections"))).toBe(true);
  });

  it("refuses a wrong password", async () => {
    const url = new URL(server.url);
    url.password = "guessed";
    await expect(query(url.toString(), "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  it("says what PostgreSQL said when it does not start", async () => {
    await expect(startPostgres({ settings: { max_connections: "few" } })).rejects.toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining('invalid value for parameter "max_connections": "few"'),
    });
  });

  it("refuses a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const address = other.address() as { port: number };
    await expect(startPostgres({ port: address.port })).rejects.toThrow("Address already in use");
  });

  it("refuses a folder that holds something else", async () => {
    await expect(startPostgres({ dataDir: import.meta.dirname })).rejects.toThrow("must be empty");
  });

  it("keeps the data of a folder of the caller", async () => {
    const dataDir = mkdtempSync(join(sharedFolder(serverUser()), "ex-event-bus-test-"));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    const first = await startPostgres({ dataDir });
    await query(await first.createDatabase("kept"), "create table kept ()");
    await first.stop();
    const second = await start({ dataDir });
    expect(await query(second.databaseUrl("kept"), "select to_regclass('kept')::text")).toEqual(["kept"]);
  });
});

describe("createDatabase and dropDatabase", () => {
  it("copies a template, and takes any name", async () => {
    const url = await server.createDatabase("a template");
    await query(url, "create table copied as select 1 as one");
    const copy = await server.createDatabase('the "copy" of all', { template: "a template" });
    expect(await query(copy, "select one, current_database() from copied")).toEqual([1, 'the "copy" of all']);
    await server.dropDatabase('the "copy" of all');
    await expect(query(copy, "select 1")).rejects.toMatchObject({ code: "3D000" });
  });

  it("drops a database that is in use, and one that is not there", async () => {
    const client = new Client({ connectionString: await server.createDatabase("used") });
    const ended = new Promise<Error>((done) => client.on("error", done));
    await client.connect();
    await server.dropDatabase("used");
    await server.dropDatabase("used");
    expect(await ended).toBeInstanceOf(Error);
  });
});

describe("restart", () => {
  it.each(["fast", "immediate"] as const)("keeps port and data (%s)", async (mode) => {
    const own = await start({});
    await query(own.url, "create table kept as select 1 as one");
    await own.restart(mode);
    expect(await query(own.url, "select one from kept")).toEqual([1]);
  });

  it("refuses a server that was stopped", async () => {
    const own = await startPostgres();
    await expect(own.restart("slow" as never)).rejects.toThrow('mode in restart() is "slow"');
    await own.stop();
    await expect(own.restart("fast")).rejects.toThrow("start another one");
  });
});

describe("stop", () => {
  it("deletes a temporary folder, and may be called again", async () => {
    const own = await startPostgres();
    expect(existsSync(own.dataDir)).toBe(true);
    await own[Symbol.asyncDispose]();
    await own.stop();
    expect(existsSync(own.dataDir)).toBe(false);
    await expect(query(own.url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it.each([
    ["ends", "exit"],
    ["is killed", "SIGKILL"],
  ])("happens by itself when the process %s", async (_, how) => {
    const program = fileURLToPath(new URL("forgetful.fixture.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", program, how], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    let output = "";
    for await (const chunk of child.stdout) output += String(chunk);
    await closed;
    const { url, dataDir } = JSON.parse(output) as { url: string; dataDir: string };
    await eventually(() => expect(query(url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" }));
    await eventually(() => expect(existsSync(dataDir)).toBe(false));
  });
});

describe("a folder that was left behind", () => {
  it("is deleted by the next start", async () => {
    const own = await startPostgres();
    const [, prefix] = /(ex-event-bus-server-\w+-)\d+-/.exec(own.dataDir) ?? [];
    await own.stop();
    const ended = spawn(process.execPath, ["-e", ""]);
    await once(ended, "close");
    const left = mkdtempSync(join(sharedFolder(serverUser()), `${prefix}${ended.pid}-`));
    await start({});
    expect(existsSync(left)).toBe(false);
  });
});
