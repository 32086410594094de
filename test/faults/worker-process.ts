// A worker in a process of its own. Writes one JSON line for each report that is not about a single delivery.
import { runWorker } from "../../src/worker/run-worker.js";
import { openApplication } from "./application.js";
import { openSubscribers } from "./subscribers.js";
import { readSettings } from "./worker-settings.js";

const { url, directUrl, name, listen } = readSettings(process.argv[2] ?? "");

const worker = await runWorker({
  prisma: openApplication(url, 8),
  subscribers: openSubscribers(directUrl, name),
  database: { url, ...(listen === undefined ? {} : { listen }) },
  worker: {
    concurrency: 8,
    heartbeatMs: 1_000,
    deadAfterMs: 2_500,
    pollIntervalMs: 500,
    shutdownTimeoutMs: 5_000,
  },
  report(event) {
    const { type } = event;
    if (/^(deliver:(start|stop)|claim|publish|backoff)/.test(type)) return;
    const error = "error" in event ? String(event.error) : undefined;
    process.stdout.write(`${JSON.stringify({ ...event, error })}\n`);
  },
});
process.once("SIGTERM", () => {
  // Other connections of this process do not close by themselves.
  void worker.stop().then(() => process.exit(0));
});
await worker.finished;
