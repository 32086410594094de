import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { StoredEvent } from "../registry/event.js";
import type { DeadLetter } from "../registry/on-dead.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { DeliverDeps } from "./deliver-deps.js";

/** A hook that hangs keeps a place of a worker for so long. */
const LONGEST_MS = 10_000;

/** Calls the `onDead` hook, if there is one. Whatever it does, the delivery is dead and on record as such: never rejects. */
export async function tellOfDeath(
  position: number,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  thrown: unknown,
  { onDead, report }: Pick<DeliverDeps, "onDead" | "report">,
): Promise<void> {
  if (onDead === undefined) return;
  const { eventId, eventName, aggregateKey, attempts } = loaded;
  const letter: DeadLetter = {
    subscriber: subscriber.name,
    event: decoded(loaded),
    error: thrown,
    delivery: { eventId, eventName, aggregateKey, position, attempts: attempts + 1 },
  };
  try {
    await inTime(Promise.resolve(onDead(letter)));
  } catch (error) {
    report({ type: "on-dead:error", subscriber: subscriber.name, eventId, error });
  }
}

/** @throws when it takes too long; it runs on then, and nobody looks. */
async function inTime(told: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`onDead did not end within ${LONGEST_MS} ms.`)), LONGEST_MS);
  });
  try {
    await Promise.race([told, late]);
  } finally {
    clearTimeout(timer);
  }
}

function decoded(loaded: LoadedDelivery): StoredEvent | null {
  try {
    return loaded.event();
  } catch {
    return null;
  }
}
