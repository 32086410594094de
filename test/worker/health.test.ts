import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { followHealth } from "../../src/worker/health-state.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { eventually } from "../support/eventually.js";
import { startMuteProxy } from "./mute-proxy.js";
import { workerFixture } from "./worker-fixture.js";

const { url, names, options, subscriber, start } = await workerFixture();
const one = () => subscriber("one", () => undefined);

async function ask(port: number | undefined, path: string, method = "GET") {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("the health of a worker", () => {
  it("is answered as JSON, until it has stopped", async () => {
    const { worker } = await start([one()], { healthPort: 0 });
    const port = worker.healthPort;
    expect(await ask(port, "/live")).toEqual({
      status: 200,
      body: { status: "live", phase: "running", lastSignMs: expect.any(Number) },
    });
    expect(await ask(port, "/ready?verbose")).toEqual({
      status: 200,
      body: { status: "ready", phase: "running", listens: true, lastHeartbeatMs: expect.any(Number) },
    });
    expect(await ask(port, "/")).toMatchObject({ status: 404 });
    expect(await ask(port, "/live", "POST")).toMatchObject({ status: 405 });
    await worker.stop();
    await expect(fetch(`http://127.0.0.1:${port}/live`)).rejects.toThrow("fetch failed");
  });

  it("is not ready, but live, while the database is away", async () => {
    const proxy = await startMuteProxy(url);
    const { worker, of } = await start([one()], { healthPort: 0, database: { url: proxy.url, ...names } });
    await proxy.close();
    await eventually(() => expect(of("recover:start")).toHaveLength(1));
    expect(await ask(worker.healthPort, "/ready")).toMatchObject({
      status: 503,
      body: { status: "not ready", phase: "reconnecting" },
    });
    expect(await ask(worker.healthPort, "/live")).toMatchObject({ status: 200 });
  });

  it("is answered on this machine alone, or where healthHost says", async () => {
    const at = (host: string, port: number | undefined) =>
      fetch(`http://${host}:${port}/live`).then(
        ({ status }) => status,
        () => "refused",
      );
    // Another address of this machine, at which only a server that listens on all addresses answers.
    const elsewhere = "127.0.0.2";
    const { worker: alone } = await start([one()], { healthPort: 0 });
    expect(await at("127.0.0.1", alone.healthPort)).toBe(200);
    expect(await at(elsewhere, alone.healthPort)).toBe("refused");
    const { worker: open } = await start([one()], { healthPort: 0, healthHost: "0.0.0.0" });
    expect(await at(elsewhere, open.healthPort)).toBe(200);
  });

  it.each([
    { healthPort: 0, healthHost: "" },
    { healthPort: 0, healthHost: 1 as never },
    { healthPort: 0, healthHost: "no.such.host.invalid" },
    { healthHost: "127.0.0.1" },
  ])("is refused where it cannot be answered: %j", async (health) => {
    await expect(runWorker({ ...options([one()]), ...health })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      path: expect.stringMatching(/^health(Port|Host)$/),
    });
  });

  it("is not asked without the option", async () => {
    const { worker } = await start([one()]);
    expect(worker.healthPort).toBeUndefined();
  });
});

describe("a health port", () => {
  it("that is taken keeps the worker from starting, before it connects", async () => {
    const taken = createServer().listen(0);
    onTestFinished(() => void taken.close());
    await eventually(() => expect(taken.listening).toBe(true));
    const healthPort = (taken.address() as AddressInfo).port;
    const database = { url: "postgresql://127.0.0.1:1/nowhere" };
    await expect(runWorker({ ...options([one()], { database }), healthPort })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      path: "healthPort",
      message: expect.stringContaining("EADDRINUSE"),
    });
  });

  it.each([-1, 65_536, 1.5, "80"])("is not %j", async (healthPort) => {
    await expect(runWorker({ ...options([one()]), healthPort: healthPort as number })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      path: "healthPort",
    });
  });

  it("is free again when the worker could not start", async () => {
    const probe = createServer().listen(0);
    await eventually(() => expect(probe.listening).toBe(true));
    const healthPort = (probe.address() as AddressInfo).port;
    await new Promise((resolve) => probe.close(resolve));
    const database = { url: "postgresql://127.0.0.1:1/nowhere" };
    await expect(runWorker({ ...options([one()], { database }), healthPort })).rejects.toMatchObject({
      code: "DATABASE_UNREACHABLE",
    });
    const { worker } = await start([one()], { healthPort });
    expect(worker.healthPort).toBe(healthPort);
  });
});

describe("followHealth", () => {
  const worker = "w";
  const running = () => {
    const health = followHealth(10_000);
    health.beat();
    health.report({
      type: "worker:start",
      worker,
      application: "a",
      subscribers: [],
      concurrency: 1,
      listens: true,
    });
    return health;
  };
  const later = (ms: number) => {
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + ms);
    onTestFinished(() => void vi.restoreAllMocks());
  };

  it("is neither ready nor dead before it has started", () => {
    const health = followHealth(10_000);
    expect([health.live().isLive, health.ready().isReady]).toEqual([true, false]);
    expect(health.ready().lastHeartbeatMs).toBeNull();
  });

  it("is not ready when the heart is silent for as long as makes others hold it for dead", () => {
    const health = running();
    later(9_000);
    expect(health.ready().isReady).toBe(true);
    later(2_000);
    expect([health.ready().isReady, health.live().isLive]).toEqual([false, true]);
  });

  it("is not live when it has tried nothing for longer than any step takes", () => {
    const health = running();
    health.report({ type: "recover:start", worker, reason: "gone" });
    later(99_000);
    expect(health.live().isLive).toBe(true);
    later(2_000);
    expect(health.live().isLive).toBe(false);
    health.connecting();
    expect(health.live().isLive).toBe(true);
  });

  it("is not live when it cannot go on, nor ready while it stops", () => {
    const stopping = running();
    stopping.report({ type: "worker:stopping", worker, running: 1 });
    expect([stopping.live().isLive, stopping.ready().isReady]).toEqual([true, false]);
    const failed = running();
    failed.report({ type: "worker:error", worker, error: new Error("no") });
    failed.report({ type: "worker:stopping", worker, running: 0 });
    expect(failed.live()).toMatchObject({ isLive: false, phase: "failed" });
  });
});
