import type { WorkerRow } from "../outbox/heartbeat.js";
import { VERSION } from "../outbox/package-version.js";
import { type Connection, openConnection } from "./connection.js";
import type { WorkerSetup } from "./worker-setup.js";

/**
 * Connections of a worker. A statement fails after half of the time after which other workers take over.
 *
 * @param isOwn whether each connection is its own session, and not one that a pooler shares.
 */
export function workerConnection({ url, config }: WorkerSetup, max: number, isOwn = false): Connection {
  const timeoutMs = Math.max(1_000, Math.min(30_000, config.worker.deadAfterMs / 2));
  return openConnection({
    url,
    max,
    name: `ex-event-bus worker ${config.application}`,
    timeoutMs,
    isOwn,
  });
}

/** This worker's row in the table of workers. */
export function workerRow(setup: WorkerSetup, id: string, name: string): WorkerRow {
  const { config, host, subscribers, activity, policies } = setup;
  return {
    id,
    name,
    application: config.application,
    version: VERSION,
    host,
    pid: process.pid,
    deadAfterMs: config.worker.deadAfterMs,
    subscribers: subscribers.map((subscriber) => subscriber.name),
    policies,
    activity: activity.now(),
  };
}
