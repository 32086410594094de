import type { Pool } from "pg";
import color from "picocolors";

import type { LogLine } from "../support/cli.js";

/** Tells what happens, in the order of cause and effect. */
export interface Narrator {
  /** Says what the application does, does it, and shows the events that came of it. */
  act<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Shows what a worker wrote. */
  workerLine(worker: string, line: LogLine): void;
  /** Resolves when everything so far is on the screen. */
  done(): Promise<void>;
}

interface EventRow {
  readonly id: string;
  readonly position: string;
  readonly name: string;
  readonly subject: string;
  readonly cause: string | null;
}

const EVENTS = `
select id, position, name, concat_ws(' ', aggregate_type, aggregate_key) as subject, metadata ->> 'causationId' as cause
  from event_bus.events order by position`;

/** Reads events in `pool`'s database. */
export function narrate(pool: Pool): Narrator {
  const positions = new Map<string, string>();
  // Of events without a cause, which only the application can have published.
  let own = 0;
  const placeOf = (id: unknown) => `#${positions.get(String(id)) ?? "?"}`;

  const showNewEvents = async (): Promise<void> => {
    const { rows } = await pool.query<EventRow>(EVENTS);
    // Not "after the last position": transactions need not commit in the order of their positions.
    const fresh = rows.filter(({ id }) => !positions.has(id));
    for (const { id, position, name, subject, cause } of fresh) {
      positions.set(id, position);
      if (cause === null) own += 1;
      const because = cause === null ? "" : color.dim(` because of ${placeOf(cause)}`);
      print(color.magenta("event"), `#${position} ${color.bold(name)} ${shorten(subject)}${because}`);
    }
  };

  // One after the other: an event is shown before what workers did with it.
  let queue: Promise<unknown> = Promise.resolve();
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work);
    queue = next.catch(() => undefined);
    return next;
  };
  return {
    async act(what, work) {
      const before = await enqueue(async () => {
        print(color.cyan("shop"), what);
        return own;
      });
      const result = await work();
      await enqueue(async () => {
        await showNewEvents();
        if (own === before) print(color.magenta("event"), color.dim("none"));
      });
      return result;
    },
    workerLine(worker, line) {
      void enqueue(async () => {
        await showNewEvents();
        print(color.blue(worker), describeLine(line, placeOf));
      });
    },
    done: () => queue.then(() => undefined),
  };
}

function describeLine({ level, message, fields }: LogLine, placeOf: (eventId: unknown) => string): string {
  const { subscriber, eventId, deliveryId, attempt, dueMs, durationMs, error } = fields;
  const name = color.bold(String(subscriber));
  if (subscriber === undefined) return color.dim(message);
  // What a handler wrote by `ctx.log`.
  if (eventId === undefined) return `${name} ${placeOf(String(deliveryId).split(":")[0])} ${message}`;
  const delivery = `${name} ${placeOf(eventId)}`;
  const nth = attempt === 1 ? "" : ` at attempt ${attempt}`;
  if (level === "info") return color.green(`${delivery} ✓ delivered${nth} in ${durationMs} ms`);
  const why = typeof error === "object" && error !== null && "message" in error ? error.message : error;
  const again = dueMs === undefined ? "" : `; again in ${dueMs} ms`;
  return color.yellow(`${delivery} ✗ attempt ${attempt} failed: ${why}${again}`);
}

function shorten(subject: string): string {
  return subject.replace(/[0-9a-f-]{28}([0-9a-f]{8})$/, "…$1");
}

function print(who: string, what: string): void {
  console.log(`${who}${" ".repeat(Math.max(1, 10 - stripped(who).length))}${what}`);
}

function stripped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  return text.replace(/\u001b\[\d+m/g, "");
}
