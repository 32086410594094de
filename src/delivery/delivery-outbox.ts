import { type ClaimToConfirm, committedClaims } from "../outbox/claim-delivery.js";
import type { Executor } from "../outbox/executor.js";
import { type DeliveryKey, type LoadedDelivery, loadDeliveries } from "../outbox/load-delivery.js";
import { beginSuspects, type DeliveryAt, runDeliveryAlone } from "../outbox/run-alone.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { type SettledState, type Settlement, settleDeliveries } from "../outbox/settle-deliveries.js";
import { atMostSo, batched } from "./batched.js";
import { isAboutConnecting, stateOf } from "./connection-error.js";

/** What deliveries read and write outside of their own transactions: for many at once, as they come. */
export interface DeliveryOutbox {
  /** Undefined when the event is gone. */
  load(delivery: DeliveryKey): Promise<LoadedDelivery | undefined>;
  /** Puts on record that its handler is called now, and nothing else runs beside it; or that something does again. */
  runAlone(delivery: DeliveryAt, isAlone: boolean): Promise<void>;
  /** Puts on record that a handler is called now for a job with which a process died. */
  begin(jobId: string): Promise<void>;
  /** Where the settlement's claim has moved the delivery; undefined: somebody else had moved it on. */
  settle(settlement: Settlement): Promise<SettledState | undefined>;
  /** Whether a claim was committed. */
  confirm(claim: ClaimToConfirm): Promise<boolean>;
}

/** Of a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = "55P03";

type ForOne<In, Out> = (item: In) => Promise<Out>;

/** What found its row, or its job, held by somebody else is tried again alone: it holds up nobody else any more. */
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

/** Events can be large, outcomes are not. */
const MOST_LOADED = atMostSo(100);
const MOST_SETTLED = atMostSo(500);

export function deliveryOutbox(executor: Executor, names: SchemaNames): DeliveryOutbox {
  return {
    load: batched((keys) => loadDeliveries(executor, names, keys), MOST_LOADED, isAboutConnecting),
    runAlone: (delivery, isAlone) => runDeliveryAlone(executor, names, delivery, isAlone),
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
