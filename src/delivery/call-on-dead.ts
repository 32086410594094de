import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { StoredEvent } from "../registry/event.js";
import type { DeadLetter } from "../registry/on-dead.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { DeliverDeps } from "./deliver-deps.js";
import { withDeadline } from "./with-deadline.js";

/** While the hook runs, the delivery still counts against the worker's concurrency, so a hook that hangs is abandoned. */
const LONGEST_MS = 10_000;

/** Calls the `onDead` hook, if there is one. Never rejects: the delivery is recorded as dead already. */
export async function callOnDead(
  position: number,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  thrown: unknown,
  { onDead, report }: Pick<DeliverDeps, "onDead" | "report">,
): Promise<void> {
  if (onDead === undefined) return;
  const { eventId, eventName, aggregateType, aggregateKey, attempts } = loaded;
  const letter: DeadLetter = {
    subscriber: subscriber.name,
    event: decoded(loaded),
    error: thrown,
    delivery: { eventId, eventName, aggregateType, aggregateKey, position, attempts: attempts + 1 },
  };
  try {
    await withDeadline(
      Promise.resolve(onDead(letter)),
      LONGEST_MS,
      () => new Error(`onDead did not end within ${LONGEST_MS} ms.`),
    );
  } catch (error) {
    report({ type: "on-dead:error", subscriber: subscriber.name, eventId, error });
  }
}

function decoded(loaded: LoadedDelivery): StoredEvent | null {
  try {
    return loaded.event();
  } catch {
    return null;
  }
}
