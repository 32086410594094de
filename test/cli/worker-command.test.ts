import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { eventually } from "../support/eventually.js";
import { appFolder } from "./built-cli.js";
import { startedWorkers } from "./started-workers.js";
import { tsconfig, writeApp } from "./written-app.js";

const { pool, url, publish, deliveries, allIn, jobs, workerRows, cli, runWorker } = await startedWorkers();

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("worker", () => {
  it("writes a JSON line for each delivery", async () => {
    const worker = await runWorker();
    await publish();
    const line = await worker.line({ message: "Delivered." });
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: "info",
      message: "Delivered.",
      subscriber: "pinged",
      eventName: "Ping",
      eventId: expect.any(String),
      aggregateType: null,
      aggregateKey: "1",
      durationMs: expect.any(Number),
      lagMs: expect.any(Number),
      attempt: 1,
      maxAttempts: 2,
    });
    expect(worker.lines()).toContainEqual(
      expect.objectContaining({ message: "started", n: 1, subscriber: "pinged" }),
    );
  });

  it("answers with --health-port how it is, until it has stopped", async () => {
    const port = await freePort();
    const worker = await runWorker({}, ["--health-port", String(port)]);
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    expect([await status("/live"), await status("/ready")]).toEqual([200, 200]);
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
    await expect(status("/live")).rejects.toThrow("fetch failed");
    const refused = await cli(["worker", "--health-port", "http"], { env: { DATABASE_URL: url } }).result();
    expect(refused).toMatchObject({ code: 1, stdout: "" });
  });

  it("writes a line for people with --log pretty", async () => {
    const worker = cli(["worker", "--log", "pretty"], { env: { DATABASE_URL: url, HANDLER: "fail" } });
    await eventually(() => expect(worker.stdout).toContain("The worker is ready."));
    await publish();
    await eventually(() => expect(worker.stdout).toContain("dead"));
    const lines = worker.stdout
      .split("\n")
      .filter((line) => line.includes("✗"))
      .map((line) =>
        line.replace(/\d\d:\d\d:\d\d\.\d\d\d/, "TIME").replace(/\d+ ms attempt/, "N ms attempt"),
      );
    expect(lines).toEqual([
      "TIME ✗ pinged Ping 1 N ms attempt 1/2 retrying (again in 10 ms) Error: no mail server",
      "TIME ✗ pinged Ping 1 N ms attempt 2/2 dead Error: no mail server",
    ]);
  });

  it("shows with --verbose the stacks of errors, and nothing of graphile-worker's own steps", async () => {
    const env = { DATABASE_URL: url, HANDLER: "fail" };
    const worker = cli(["worker", "--log", "pretty", "--verbose"], { env });
    await eventually(() => expect(worker.stdout).toContain("The worker is ready."));
    await publish();
    await eventually(() => expect(worker.stdout).toContain("dead"));
    expect(worker.stdout).toMatch(
      /attempt 1\/2 retrying .* Error: no mail server\n {4}Error: no mail server\n {8}at /,
    );
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
    expect(worker.stdout).not.toContain("graphile-worker wrote a line.");
  });

  it("writes nothing on the standard error output while all is well", async () => {
    const worker = await runWorker();
    worker.kill("SIGTERM");
    expect(await worker.result()).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(["SIGTERM", "SIGINT"] as const)("lets handlers end on %s, and exits with 0", async (signal) => {
    const worker = await runWorker({ HANDLER: "end soon" });
    await publish();
    await worker.line({ message: "started" });
    worker.kill(signal);
    expect(await worker.exit).toBe(0);
    expect(await deliveries()).toMatchObject([{ state: "delivered" }]);
    expect(await jobs()).toEqual([]);
    expect(await workerRows()).toEqual([]);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends on %s with %i while its configuration loads", async (signal, code) => {
    const cwd = writeApp({
      "ex-event-bus.config.ts":
        'console.log(JSON.stringify({ message: "loading" })); await new Promise((go) => setTimeout(go, 600_000));',
      "tsconfig.json": tsconfig(),
    });
    const worker = cli(["worker"], { cwd, env: { DATABASE_URL: url } });
    await worker.line({ message: "loading" });
    worker.kill(signal);
    // And not by the signal: the first process of a container is not ended by that.
    expect(await worker.exit).toBe(code);
  });

  it("stops when npx has ended, which passes no signals on", async () => {
    const worker = cli(["worker"], { env: { DATABASE_URL: url, npm_command: "exec" }, throughShell: true });
    await worker.line({ message: "The worker is ready." });
    worker.kill("SIGTERM");
    await worker.line({ message: "The worker has stopped." });
    expect(await workerRows()).toEqual([]);
  });

  it.each(["hang", "hang until aborted"])("gives up handlers that %s, and exits with 0", async (handler) => {
    const worker = await runWorker({ HANDLER: handler, SHUTDOWN_MS: "100" });
    await publish();
    await worker.line({ message: "started" });
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
    expect(await deliveries()).toMatchObject([{ state: "snoozed", attempts: 0 }]);
    expect(await jobs()).toMatchObject([{ locked_by: null }]);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends at once on a second signal, %s, with %i", async (signal, code) => {
    const worker = await runWorker({ HANDLER: "hang" });
    await publish();
    await worker.line({ message: "started" });
    worker.kill("SIGTERM");
    await worker.line({ message: "The worker stops: it waits for the running handlers." });
    worker.kill(signal);
    expect(await worker.exit).toBe(code);
  });

  it("carries out no crontab that happens to be in the current folder", async () => {
    const config = JSON.stringify(join(appFolder("worker"), "ex-event-bus.config.ts"));
    const cwd = writeApp({
      crontab: "* * * * * somebody-elses-task",
      "tsconfig.json": tsconfig(),
      "ex-event-bus.config.ts": `export { default } from ${config}`,
    });
    const worker = cli(["worker"], { cwd, env: { DATABASE_URL: url } });
    await worker.line({ message: "The worker is ready." });
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
    const { rows } = await pool.query("select identifier from graphile_worker._private_known_crontabs");
    expect(rows).toEqual([]);
  });

  it("goes on when a handler forgets a promise that is rejected", async () => {
    const worker = await runWorker({ HANDLER: "forget a promise" });
    await publish(2);
    await allIn("delivered", 2);
    await worker.line({
      level: "error",
      message: "A rejected promise was not handled: await it in your handler.",
    });
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
  });
});
