import type pg from "pg";

import { events } from "../admin/events.js";
import type { EventFilter } from "../outbox/find-events.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { StoredEvent } from "../registry/event.js";
import { repeat } from "./repeat.js";

const LOOK_MS = 1_000;
/** How many are read at once. */
const MOST = 500;

/**
 * Gives the events that fit, the last ones first of all and then each that comes, until the command is told to stop. Only
 * up to where the log is final, so that none is left out.
 */
export async function followEvents(
  client: pg.Client,
  names: SchemaNames,
  filter: EventFilter,
  show: (found: readonly StoredEvent[]) => void,
): Promise<void> {
  const { after, limit, last: _, ...conditions } = filter;
  const call = { database: names };
  let seen = after;
  await repeat(LOOK_MS, async () => {
    // What is before the last event of all needs not be looked at again, whether it fits or not.
    const [latest] = await events(client, { after: seen ?? 0, limit: 1, last: true }, call);
    if (latest === undefined) {
      seen ??= 0;
      return;
    }
    if (seen === undefined) {
      const found = await events(client, { ...conditions, after: 0, limit, last: true }, call);
      if (found.length > 0) show(found);
      seen = Math.max(latest.position, found.at(-1)?.position ?? 0);
      return;
    }
    for (;;) {
      const found: readonly StoredEvent[] = await events(
        client,
        { ...conditions, after: seen, limit: MOST },
        call,
      );
      if (found.length > 0) show(found);
      seen = found.at(-1)?.position ?? seen;
      if (found.length < MOST) break;
    }
    seen = Math.max(seen, latest.position);
  });
}
