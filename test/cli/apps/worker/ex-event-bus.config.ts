import { defineConfig, defineEvent, defineSubscriber, fixed, type HandlerContext } from "ex-event-bus";
import { z } from "zod";

const Ping = defineEvent("Ping", { schema: z.object({ n: z.number() }) });

/** What the tests tell the handlers to do. */
const handlers: Record<string, (ctx: HandlerContext, n: number) => unknown> = {
  succeed: () => undefined,
  fail: () => Promise.reject(new Error("no mail server")),
  hang: () => new Promise(() => undefined),
  "hang until aborted": ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
  "end soon": () => new Promise((resolve) => setTimeout(resolve, 500)),
  "kill the process for 1": ({ log }, n) => {
    if (n === 1) process.kill(process.pid, "SIGKILL");
    log.info("survived");
    return new Promise((resolve) => setTimeout(resolve, 300));
  },
  "forget a promise": () => {
    Promise.reject(new Error("forgotten"));
  },
};

export default defineConfig({
  prisma: {},
  application: process.env["APPLICATION"],
  subscribers: [
    defineSubscriber({
      name: "pinged",
      events: [Ping],
      retry: { maxAttempts: 2, backoff: fixed(10) },
      async handle(event, ctx) {
        ctx.log.info("started", { n: event.aggregate.n });
        await handlers[process.env["HANDLER"] ?? "succeed"]?.(ctx, event.aggregate.n);
      },
    }),
  ],
  database: {
    schema: process.env["BUS_SCHEMA"],
    workerSchema: process.env["WORKER_SCHEMA"],
  },
  worker: {
    pollIntervalMs: 200,
    heartbeatMs: 200,
    deadAfterMs: 1_000,
    shutdownTimeoutMs: Number(process.env["SHUTDOWN_MS"] ?? 10_000),
  },
});
