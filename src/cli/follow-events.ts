import type pg from "pg";

import { events } from "../admin/events.js";
import type { EventFilter } from "../outbox/find-events.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { StoredEvent } from "../registry/event.js";
import { repeat } from "./repeat.js";

const LOOK_MS = 1_000;
/** How many events one statement reads. */
const MOST = 500;

/**
 * Shows the last events that fit the filter, and then each new one until the command is stopped. Reads no further than the
 * watermark, so that it misses no event.
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
    // Events up to the latest one are not read again, whether they fit or not.
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
