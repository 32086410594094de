import { type ClaimToConfirm, committedClaims } from "../outbox/claim-delivery.js";
import type { Executor } from "../outbox/executor.js";
import { beginSuspects } from "../outbox/graphile/begin-suspects.js";
import { type DeliveryAt, setIsolated } from "../outbox/isolate-delivery.js";
import { type DeliveryKey, type LoadedDelivery, loadDeliveries } from "../outbox/load-delivery.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { type SettledState, type Settlement, settleDeliveries } from "../outbox/settle-deliveries.js";
import { batched, upTo } from "./batched.js";
import { isAboutConnecting, stateOf } from "./connection-error.js";

/** The statements of deliveries outside the transactions of handlers, in batches. */
export interface DeliveryOutbox {
  /** Reads a delivery; undefined if the event is gone. */
  load(delivery: DeliveryKey): Promise<LoadedDelivery | undefined>;
  /** Records that the handler is about to run isolated, or is no longer isolated. */
  setIsolated(delivery: DeliveryAt, isIsolated: boolean): Promise<void>;
  /** Records that the handler is about to run, for a job that a dead process held. */
  begin(jobId: string): Promise<void>;
  /** Records an outcome. Returns the state that its claim has set; undefined if another worker has changed the delivery. */
  settle(settlement: Settlement): Promise<SettledState | undefined>;
  /** Whether a claim was committed. */
  confirm(claim: ClaimToConfirm): Promise<boolean>;
}

const LOCK_NOT_AVAILABLE = "55P03";

type ForOne<In, Out> = (item: In) => Promise<Out>;

/** Retries an item whose row or job was locked alone, so that it does not hold up the others of a batch. */
function apart<In extends object, Out>(together: ForOne<In, Out>, alone: ForOne<In, Out>): ForOne<In, Out> {
  const held = new WeakSet<In>();
  return (item) => {
    if (held.has(item)) return alone(item);
    return together(item).catch((error: unknown) => {
      if (stateOf(error) === LOCK_NOT_AVAILABLE) held.add(item);
      throw error;
    });
  };
}

/** Fewer deliveries are loaded than settled at once: events can be large, outcomes are small. */
const MOST_LOADED = upTo(100);
const MOST_SETTLED = upTo(500);

export function deliveryOutbox(executor: Executor, names: SchemaNames): DeliveryOutbox {
  return {
    load: batched((keys) => loadDeliveries(executor, names, keys), MOST_LOADED, isAboutConnecting),
    setIsolated: (delivery, isIsolated) => setIsolated(executor, names, delivery, isIsolated),
    begin: batched(
      async (jobIds) => {
        await beginSuspects(executor, names, jobIds);
        return [];
      },
      MOST_SETTLED,
      isAboutConnecting,
    ),
    settle: apart(
      batched(
        (settlements) => settleDeliveries(executor, names, settlements),
        MOST_SETTLED,
        isAboutConnecting,
      ),
      async (settlement) => (await settleDeliveries(executor, names, [settlement]))[0],
    ),
    confirm: apart(
      batched((claims) => committedClaims(executor, names, claims), MOST_SETTLED, isAboutConnecting),
      async (claim) => (await committedClaims(executor, names, [claim]))[0] === true,
    ),
  };
}
