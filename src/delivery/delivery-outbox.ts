import { type Claim, committedClaims } from "../outbox/claim-delivery.js";
import type { Executor } from "../outbox/executor.js";
import { type DeliveryKey, type LoadedDelivery, loadDeliveries } from "../outbox/load-delivery.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { type SettledState, type Settlement, settleDeliveries } from "../outbox/settle-deliveries.js";
import { batched } from "./batched.js";
import { isAboutConnecting, stateOf } from "./connection-error.js";

/** What deliveries read and write outside of their own transactions: for many at once, as they come. */
export interface DeliveryOutbox {
  /** Undefined when the event is gone. */
  load(delivery: DeliveryKey): Promise<LoadedDelivery | undefined>;
  /** Where the settlement's claim has moved the delivery; undefined: somebody else had moved it on. */
  settle(settlement: Settlement): Promise<SettledState | undefined>;
  /** Whether a claim was committed. */
  confirm(claim: Pick<Claim, "position" | "subscriptionId" | "claim">): Promise<boolean>;
}

/** Of a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = "55P03";

/** What found its row held by somebody else is tried again alone: it holds up nobody else's outcome any more. */
function settleApart(together: DeliveryOutbox["settle"], alone: DeliveryOutbox["settle"]): typeof together {
  const held = new WeakSet<Settlement>();
  return async (settlement) => {
    if (held.has(settlement)) return alone(settlement);
    try {
      return await together(settlement);
    } catch (error) {
      if (stateOf(error) === LOCK_NOT_AVAILABLE) held.add(settlement);
      throw error;
    }
  };
}

/** Events can be large, outcomes are not. */
const MOST_LOADED = 100;
const MOST_SETTLED = 500;

/** @param rest when more deliveries are about to be loaded, a promise of when that is over. */
export function deliveryOutbox(
  executor: Executor,
  names: SchemaNames,
  rest?: () => Promise<void> | undefined,
): DeliveryOutbox {
  return {
    load: batched((keys) => loadDeliveries(executor, names, keys), MOST_LOADED, isAboutConnecting, rest),
    settle: settleApart(
      batched(
        (settlements) => settleDeliveries(executor, names, settlements),
        MOST_SETTLED,
        isAboutConnecting,
      ),
      async (settlement) => (await settleDeliveries(executor, names, [settlement]))[0],
    ),
    confirm: batched((claims) => committedClaims(executor, names, claims), MOST_SETTLED, isAboutConnecting),
  };
}
