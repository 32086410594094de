import { EventBusError } from "../errors.js";
import { isQueryable, type PrismaQueryable } from "../outbox/executor.js";
import { checkFunction, checkOptions, invalidOption } from "../registry/check-options.js";
import { checkDatabaseNames, type DatabaseOptions } from "../registry/database-names.js";
import { isClient } from "../registry/define-config.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import type { AnyEvent } from "../registry/event.js";
import { isEvent } from "../registry/is-event.js";
import type { Subscriber } from "../registry/subscriber.js";
import { deliver } from "../testing/deliver.js";
import { isTransaction } from "../testing/spare-transaction.js";
import { storedDelivery } from "../testing/stored-delivery.js";
import { differences, snapshot } from "./differences.js";
import { explainRepetition, type Repetition } from "./explain-repetition.js";
import { type MatcherContext, type MatcherResult, verdict } from "./matcher.js";

const NAME = "toBeIdempotent";
const place = { of: `${NAME}()` };

/** Options of {@link EventBusMatchers.toBeIdempotent}. */
export interface IdempotencyOptions extends DatabaseOptions {
  /** Reads the effects of the handler, such as rows of a table or sent mails. Called after each delivery. */
  readonly observe: () => unknown;
  /**
   * Undoes the effects of the handler. Then the event is delivered twice concurrently, as if for the first time. This finds a
   * handler that checks whether it has run before, but can be overtaken between the check and the write. Not for transactional
   * subscribers: the record of the delivery keeps two from running at the same time.
   */
  readonly reset?: (() => unknown) | undefined;
  /** Handlers receive it as `ctx.prisma`; transactional subscribers need it. */
  readonly prisma?: PrismaQueryable | undefined;
}

/** The matcher {@link EventBusMatchers.toBeIdempotent}. */
export async function toBeIdempotent(
  this: MatcherContext,
  received: unknown,
  event: unknown,
  options: unknown,
): Promise<MatcherResult> {
  if (!isSubscriber(received)) {
    throw invalidOption("the subscriber", received, "a subscriber made by defineSubscriber", {
      of: `expect(…).${place.of}`,
    });
  }
  if (!isEvent(event)) {
    throw invalidOption("event", event, "an event: a stored one, a draft, or one made by fakeEvent", place);
  }
  const { observe, once, pair, reset } = await prepare(received, event, options);
  const before = await observe();
  await once();
  const first = await observe();
  if (differences(before, first).length === 0) throw sawNothing(received);
  const repetitions = [
    await repeat("a second time", first, observe, once),
    await repeat("twice more, at the same time", first, observe, pair),
  ];
  if (reset !== undefined) {
    await reset();
    if (differences(before, await observe()).length > 0) throw resetNothing(received);
    repetitions.push(
      await repeat("to two at the same time, after reset()", first, observe, () => race(once)),
    );
  }
  const faulty = repetitions.find(({ changes, thrown }) => changes.length > 0 || thrown !== undefined);
  return verdict(this, faulty === undefined, async () => explainRepetition(this, received, event, faulty));
}

async function prepare(subscriber: Subscriber, event: AnyEvent, options: unknown = {}) {
  const given = checkOptions(options, ["observe", "reset", "prisma", "database"], place);
  if (checkFunction(given, "observe", place) === undefined) {
    throw invalidOption("observe", undefined, "a function that reads what the handler has done", place);
  }
  if (checkFunction(given, "reset", place) !== undefined && subscriber.policy.transactional) {
    const expected = `none: "${subscriber.name}" is transactional, and of its delivery there is a record that stays`;
    throw invalidOption("reset", given["reset"], expected, place);
  }
  checkDatabaseNames(given["database"], [], place);
  if (given["prisma"] !== undefined && !isClient(given["prisma"]))
    throw invalidOption("prisma", given["prisma"], "a Prisma client", place);
  const { observe, reset, prisma, database } = given as unknown as IdempotencyOptions;
  const once = subscriber.policy.transactional
    ? await ofRecord(subscriber, event, prisma, { database })
    : () => deliver(subscriber, event as never, { prisma });
  const pair = isTransaction(prisma)
    ? async () => [await once(), await once()]
    : () => Promise.all([once(), once()]);
  return { observe: async () => snapshot(await observe()), once, pair, reset };
}

/** Delivers twice concurrently. A failed delivery is retried, as by a worker: a unique key may have stopped it. */
async function race(once: () => Promise<unknown>): Promise<void> {
  const ended = await Promise.allSettled([once(), once()]);
  for (const { status } of ended) if (status === "rejected") await once();
}

/** The delivery of a transactional subscriber; its record in the database keeps the handler from running twice. */
async function ofRecord(
  subscriber: Subscriber,
  event: AnyEvent,
  prisma: PrismaQueryable | undefined,
  { database }: DatabaseOptions,
): Promise<() => Promise<unknown>> {
  if (!isQueryable(prisma)) throw invalidOption("prisma", prisma, "a Prisma client", place);
  const run = await storedDelivery(subscriber, event, { prisma, database, of: place.of });
  return async () => {
    const outcome = await run();
    if ("thrown" in outcome && outcome.thrown !== undefined) throw outcome.thrown;
  };
}

async function repeat(
  how: string,
  first: unknown,
  observe: () => Promise<unknown>,
  run: () => Promise<unknown>,
): Promise<Repetition> {
  try {
    await run();
  } catch (value) {
    return { how, changes: [], thrown: { value } };
  }
  return { how, changes: differences(first, await observe()) };
}

function sawNothing(subscriber: Subscriber): EventBusError {
  return new EventBusError(
    "INVALID_OPTION",
    `observe in ${place.of} returned the same before and after "${subscriber.name}" handled the event for the first time: ` +
      "expected a function that reads the effects of the handler; otherwise nothing is proven",
    { path: "observe" },
  );
}

function resetNothing(subscriber: Subscriber): EventBusError {
  return new EventBusError(
    "INVALID_OPTION",
    `reset in ${place.of} did not undo what "${subscriber.name}" had done: expected that observe() then ` +
      "returns the same as before the first time",
    { path: "reset" },
  );
}
