import { Command } from "commander";
import pc from "picocolors";

import { type Status, status } from "../admin/status.js";
import type { SubscriberStatus } from "../outbox/subscriber-status.js";
import { duration } from "./duration.js";
import { printJson, tableFor } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

/** `ex-event-bus status`: how everything stands. */
export function statusCommand(): Command {
  return new Command("status")
    .description("show how many deliveries of each subscriber are in which state, and which workers run")
    .option("--json", "print as JSON")
    .action(
      runAction<{ readonly json?: boolean }>((options) =>
        withDatabase(options, async (client, names) => {
          const found = await status(client, { database: names });
          if (options.json === true) printJson(found);
          else print(`${pageOf(found)}\n`);
        }),
      ),
    );
}

function pageOf({ subscribers, workers }: Status): string {
  const ofSubscribers = tableFor(subscribers.map(subscriberRow), [
    "application",
    "per minute",
    "running",
    "oldest open",
  ]);
  const ofWorkers = tableFor(
    workers.map((worker) => ({
      worker: worker.name,
      application: worker.application,
      host: worker.host,
      pid: worker.pid,
      version: worker.version,
      heartbeat: `${duration(worker.heartbeatAgeMs)} ago`,
      running: worker.running,
      "per minute": worker.deliveredPerMinute,
    })),
    ["application", "pid", "version", "host"],
  );
  return [
    ofSubscribers === "" ? "There are no subscribers. Run: npx ex-event-bus migrate" : ofSubscribers,
    "",
    ofWorkers === "" ? "No worker runs." : ofWorkers,
    ...notes(subscribers, workers.length > 0),
  ].join("\n");
}

function subscriberRow(one: SubscriberStatus) {
  return {
    subscriber: one.subscriber,
    application: one.application,
    waiting: one.waiting,
    running: one.running,
    retrying: one.retrying,
    snoozed: one.snoozed,
    paused: one.paused,
    dead: one.dead,
    "oldest open": one.oldestOpen === null ? "" : duration(Date.now() - one.oldestOpen.getTime()),
    "per minute": one.deliveredPerMinute,
    workers: one.workers,
    "": one.isPaused ? "paused" : "",
  };
}

function notes(subscribers: readonly SubscriberStatus[], somebodyWorks: boolean): readonly string[] {
  const orphaned = subscribers.filter((one) => one.isOrphaned).map((one) => `"${one.subscriber}"`);
  if (!somebodyWorks || orphaned.length === 0) return [];
  return ["", pc.yellow(`No worker that runs has a handler for ${orphaned.join(", ")}.`)];
}
