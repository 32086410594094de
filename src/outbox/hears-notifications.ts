import { randomBytes } from "node:crypto";

import type { PgQueryable } from "./executor.js";

/** A single connection that may listen. */
export interface Listener extends PgQueryable {
  on(event: "notification", listener: (message: { readonly channel: string }) => void): unknown;
}

const NOTIFY = /* sql */ `select pg_catalog.pg_notify($1::text, '')`;

/**
 * Whether notifications of other sessions reach a connection. They do not through a pooler in transaction mode: it gives the session
 * that listens to another client after the transaction.
 *
 * @param notifier another connection than `listener`, because a session always gets its own notifications.
 */
export async function hearsNotifications(
  listener: Listener,
  notifier: PgQueryable,
  patienceMs: number,
): Promise<boolean> {
  const channel = `ex_event_bus_${randomBytes(8).toString("hex")}`;
  let timer: NodeJS.Timeout | undefined;
  const heard = new Promise<boolean>((resolve) => {
    listener.on("notification", (message) => message.channel === channel && resolve(true));
    timer = setTimeout(resolve, patienceMs, false);
  });
  try {
    await listener.query(/* sql */ `listen ${channel}`);
    await notifier.query(NOTIFY, [channel]);
    return await heard;
  } finally {
    clearTimeout(timer);
    await listener.query(/* sql */ `unlisten ${channel}`).catch(() => undefined);
  }
}
