import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";

import { openHub, telemetry } from "../../src/log/hub.js";
import type { TelemetryEventOf } from "../../src/log/telemetry.js";

const lost = { type: "recover:start", worker: "w", reason: "gone" } as const;
const back = { type: "recover:stop", worker: "w", durationMs: 5 } as const;

describe("on and onAny", () => {
  it("hear what is reported, until they are ended", () => {
    const hub = openHub();
    const heard: unknown[] = [];
    const off = hub.on("recover:start", ({ reason }) => heard.push(reason));
    const offAny = hub.onAny(({ type }) => heard.push(type));
    hub.report(lost);
    hub.report(back);
    off();
    hub.report(lost);
    offAny();
    hub.report(lost);
    expect(heard).toEqual(["gone", "recover:start", "recover:stop", "recover:start"]);
  });

  it("disturb nobody when they throw, at once or later", async () => {
    const hub = openHub();
    const heard: string[] = [];
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    hub.on("recover:start", () => {
      throw new Error("at once");
    });
    hub.on("recover:start", async () => {
      throw new Error("later");
    });
    hub.onAny(() => {
      throw new Error("any");
    });
    hub.on("recover:start", () => void heard.push("second"));
    hub.onAny(() => void heard.push("any"));
    hub.report(lost);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", onUnhandled);
    expect(heard).toEqual(["second", "any"]);
    expect(unhandled).toEqual([]);
  });
});

describe("watches", () => {
  it("is true while somebody hears or surrounds it", () => {
    const hub = openHub();
    const watched = () => [hub.watches("publish"), hub.watches("deliver")];
    expect(watched()).toEqual([false, false]);
    const off = hub.on("publish:stop", () => undefined);
    expect(watched()).toEqual([true, false]);
    off();
    expect(watched()).toEqual([false, false]);
    const offAround = hub.around("deliver", (_, run) => void run());
    expect(watched()).toEqual([false, true]);
    offAround();
    const offAny = hub.onAny(() => undefined);
    expect(watched()).toEqual([true, true]);
    offAny();
    expect(watched()).toEqual([false, false]);
  });
});

describe("around", () => {
  const start = { source: "publish", events: [] } as const;
  const end: TelemetryEventOf<"publish:stop"> = {
    type: "publish:stop",
    source: "publish",
    events: [],
    deliveries: 0,
    durationMs: 1,
  };
  const run = (log: unknown[], storage?: AsyncLocalStorage<string>) => async (given: object) => {
    await Promise.resolve();
    log.push({ given, context: storage?.getStore() });
    return { end, result: () => "result" };
  };

  it("runs what it surrounds in its context, tells it how that ended, and passes on what is given", async () => {
    const hub = openHub();
    const storage = new AsyncLocalStorage<string>();
    const log: unknown[] = [];
    hub.around("publish", (given, inside) => {
      log.push(given);
      void storage.run("outer", () => inside({ traceparent: "a" })).then((ended) => log.push(ended));
    });
    hub.around("publish", (_, inside) => void inside({ traceparent: "b", tracestate: "c" }));
    expect(await hub.within("publish", start, run(log, storage))).toBe("result");
    expect(log).toEqual([start, { given: { traceparent: "b", tracestate: "c" }, context: "outer" }, end]);
  });

  it("runs it once, and with its own result, whatever who surrounds it does", async () => {
    const hub = openHub();
    const log: unknown[] = [];
    hub.around("publish", () => undefined);
    hub.around("publish", (_, inside) => {
      void inside();
      void inside();
      throw new Error("after");
    });
    hub.around("publish", () => {
      throw new Error("before");
    });
    // A rejection nobody handles would fail the run of the tests.
    hub.around("publish", (async () => {
      throw new Error("later");
    }) as () => void);
    expect(await hub.within("publish", start, run(log))).toBe("result");
    expect(log).toHaveLength(1);
  });

  it("throws what it throws", async () => {
    const hub = openHub();
    const ended: unknown[] = [];
    hub.around("publish", (_, inside) => void inside().then((report) => ended.push(report)));
    const failing = hub.within("publish", start, async () => ({
      end,
      result: () => {
        throw new Error("no");
      },
    }));
    await expect(failing).rejects.toThrow("no");
    expect(ended).toEqual([end]);
  });
});

it("is one for the process, for every copy of the package", async () => {
  const registry = globalThis as { [key: symbol]: unknown };
  expect(registry[Symbol.for("ex-event-bus.telemetry")]).toBe(telemetry);
});
