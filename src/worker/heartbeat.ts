import type { Heartbeat } from "../outbox/heartbeat.js";
import { messageOf } from "./is-fatal.js";

export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly beat: () => Promise<Heartbeat>;
  readonly onBeat: (heartbeat: Heartbeat, first: boolean) => void;
  /** A heartbeat failed twice, or its notifications are not heard. The heartbeats go on. */
  readonly onFailure: (reason: string) => void;
}

export interface RunningHeartbeat {
  /** Resolves after the first beat; rejects when it fails. */
  readonly first: Promise<void>;
  /** A notification was heard. */
  heard(): void;
  /** From now on notifications are not expected. */
  stopListening(): void;
  /** Resolves when no heartbeat is under way any more: a late one would register again a worker that has gone. */
  stop(): Promise<void>;
}

/** When the notifications of more beats in a row than this are not heard, the listening connection does not work. */
const DEAF_AFTER = 2;

/** Beats at once and then in intervals. A beat that fails is repeated once, at once. */
export function startHeartbeat({ intervalMs, beat, onBeat, onFailure }: HeartbeatOptions): RunningHeartbeat {
  let stopped = false;
  let listens = true;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<unknown> = Promise.resolve();
  // Beats are counted, not time: a process that was busy for long has not listened meanwhile, and is not deaf.
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
