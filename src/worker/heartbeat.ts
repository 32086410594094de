import type { Heartbeat } from "../outbox/heartbeat.js";
import { messageOf } from "./is-fatal.js";

export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly beat: () => Promise<Heartbeat>;
  readonly onBeat: (heartbeat: Heartbeat, first: boolean) => void;
  /** Called if a heartbeat failed twice, or its notifications do not arrive. The heartbeats go on. */
  readonly onFailure: (reason: string) => void;
}

export interface RunningHeartbeat {
  /** Resolves after the first heartbeat; rejects if it fails. */
  readonly first: Promise<void>;
  /** Must be called for each notification that arrives. */
  heard(): void;
  /** After this call, notifications are not expected. */
  stopListening(): void;
  /** Stops. Resolves once no heartbeat is running: a late one would register a worker that has ended. */
  stop(): Promise<void>;
}

/** If the notifications of more heartbeats in a row do not arrive, the listening connection is broken. */
const DEAF_AFTER = 2;

/** Sends a heartbeat at once and then in intervals. A failed heartbeat is retried once, immediately. */
export function startHeartbeat({ intervalMs, beat, onBeat, onFailure }: HeartbeatOptions): RunningHeartbeat {
  let stopped = false;
  let listens = true;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<unknown> = Promise.resolve();
  // Heartbeats are counted, not time: a process that was blocked for long has just not read its notifications.
  let unheard = 0;
  const once = async (first: boolean) => {
    const heartbeat = await beat();
    unheard += 1;
    if (!stopped) onBeat(heartbeat, first);
  };
  const again = async () => {
    if (listens && unheard > DEAF_AFTER) onFailure("notifications are not heard any more");
    try {
      await once(false).catch(() => once(false));
    } catch (error) {
      if (!stopped) onFailure(`the heartbeat failed: ${messageOf(error)}`);
    }
    schedule();
  };
  const schedule = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      underWay = again();
    }, intervalMs);
  };
  const first = once(true).then(schedule);
  underWay = first;
  return {
    first,
    heard: () => {
      unheard = 0;
    },
    stopListening: () => {
      listens = false;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await underWay.catch(() => undefined);
    },
  };
}
