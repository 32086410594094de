import type { Pool } from "pg";

import { isAboutConnecting } from "../delivery/connection-error.js";
import { hearsNotifications } from "../outbox/hears-notifications.js";

/** A notification arrives within milliseconds; through a pooler in transaction mode, never. */
const PATIENCE_MS = 1_000;

/** Whether notifications reach connections of `pool`, which must have two. */
export async function canListen(pool: Pool): Promise<boolean> {
  const listener = await pool.connect();
  try {
    return await hearsNotifications(listener, pool, PATIENCE_MS);
  } catch (error) {
    if (isAboutConnecting(error)) throw error;
    // Some poolers refuse to listen at all.
    return false;
  } finally {
    // After a failure it may still listen.
    listener.release(true);
  }
}
