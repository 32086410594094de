import { Command } from "commander";
import pc from "picocolors";

import { type Status, status } from "../admin/status.js";
import type { SubscriberStatus } from "../outbox/subscriber-status.js";
import { parseSeconds } from "./parse-number.js";
import { printJson, printJsonLine, tableFor } from "./print-rows.js";
import { repeat } from "./repeat.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import type { Row } from "./table.js";
import { withDatabase } from "./with-database.js";

interface StatusOptions {
  /** The pause in milliseconds; true if the option has no value. */
  readonly watch?: number | true;
  readonly json?: boolean;
}

const DEFAULT_WATCH_MS = 2_000;
/** Moves the cursor of a terminal to the first line and clears the screen. */
const FROM_THE_TOP = "\u001b[H\u001b[2J";

/** `ex-event-bus status`: counts deliveries and lists workers. */
export function statusCommand(): Command {
  return new Command("status")
    .description("show the number of deliveries in each state by subscriber, and the running workers")
    .option("--watch [seconds]", "repeat until Ctrl-C (default: every 2 seconds)", parseSeconds)
    .option("--json", "print as JSON; with --watch, one line each time")
    .action(
      runAction<StatusOptions>(({ watch, json = false, ...options }) =>
        withDatabase(options, async (client, names) => {
          const look = () => status(client, { database: names });
          if (watch === undefined) {
            const found = await look();
            return json ? printJson(found) : print(`${pageOf(found)}\n`);
          }
          await repeat(watch === true ? DEFAULT_WATCH_MS : watch, async () => {
            const found = await look();
            if (json) printJsonLine(found);
            else print(`${process.stdout.isTTY ? FROM_THE_TOP : ""}${pageOf(found)}\n`);
          });
        }),
      ),
    );
}

function pageOf({ subscribers, workers }: Status): string {
  const rows = subscribers.map(subscriberRow);
  const ofSubscribers = tableFor(rows, [
    ...silentColumns(rows),
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

/** Columns that are zero or empty in all rows. The column of workers stays: that there are none is important. */
function silentColumns(rows: readonly Row[]): readonly string[] {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== "" && name !== "workers");
  return names.filter((name) => rows.every((row) => row[name] === 0 || row[name] === ""));
}

function notes(subscribers: readonly SubscriberStatus[], hasWorkers: boolean): readonly string[] {
  const orphaned = subscribers.filter((one) => one.isOrphaned).map((one) => `"${one.subscriber}"`);
  if (!hasWorkers || orphaned.length === 0) return [];
  return ["", pc.yellow(`No running worker has a handler for ${orphaned.join(", ")}.`)];
}

const STEPS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** A duration for people, in its largest useful unit: `250 ms`, `12 s`, `4 min`, `30 h`, `3 d`. */
function duration(ms: number): string {
  const step = STEPS.find(([, length]) => ms >= 2 * length);
  return step === undefined ? `${Math.max(0, Math.round(ms))} ms` : `${Math.round(ms / step[1])} ${step[0]}`;
}
