import { describe, expect, it } from "vitest";
import { resolveBusOptions } from "../../src/registry/capture-rules.js";
import { Counted, models, PostGone, UserRegistered, UserRenamed } from "./event-types.js";
import { refusal } from "./refusal.js";

const events = [UserRegistered, UserRenamed, PostGone, Counted];
const modelNames = ["User", "Post", "Invoice"];
const resolve = (options: unknown) => resolveBusOptions(options, modelNames);

describe("resolveBusOptions", () => {
  it("fills in the defaults", () => {
    expect(resolve({ events: [] })).toEqual({
      eventsByName: new Map(),
      rules: new Map(),
      uncaptured: new Set(),
      redactions: new Map(),
      bulk: { maxRows: 100_000 },
      database: { schema: "event_bus", workerSchema: "graphile_worker" },
      transaction: { maxWaitMs: 60_000, timeoutMs: 60_000 },
      maxEventBytes: 10_485_760,
      metadata: undefined,
    });
  });

  it("keeps what it is given", () => {
    const metadata = () => ({ actor: "system" });
    const given = {
      database: { schema: "bus", workerSchema: "jobs" },
      transaction: { maxWaitMs: 1, timeoutMs: 2 },
      maxEventBytes: 1024,
      metadata,
    };
    expect(resolve({ events, ...given })).toMatchObject(given);
  });

  it("finds events by name", () => {
    expect([...resolve({ events }).eventsByName]).toEqual(events.map((event) => [event.name, event]));
  });

  it("makes rules of events, of events with conditions and of several of these", () => {
    const when = () => true;
    const { rules } = resolve({
      events,
      capture: {
        User: { create: UserRegistered, update: [{ event: UserRenamed, when }, UserRegistered] },
        Post: { delete: { event: PostGone }, create: [], update: undefined },
      },
    });
    expect([...rules]).toEqual([
      [
        "User",
        {
          create: [{ event: UserRegistered, when: undefined }],
          update: [
            { event: UserRenamed, when },
            { event: UserRegistered, when: undefined },
          ],
          delete: [],
        },
      ],
      ["Post", { create: [], update: [], delete: [{ event: PostGone, when: undefined }] }],
    ]);
  });

  it("has no entry for a model without rules", () => {
    const { rules } = resolve({ events, capture: { User: {}, Post: { create: [] }, Invoice: undefined } });
    expect(rules.size).toBe(0);
  });

  it("takes the event that was given as an event, should a rule have another copy of it", () => {
    const twin = models.defineEvent("UserRegistered", { model: "User" });
    const { rules } = resolve({ events, capture: { User: { create: twin } } });
    expect(rules.get("User")?.create[0]?.event).toBe(UserRegistered);
  });

  it("accepts every model when the models are not known", () => {
    const options = { events, capture: { User: { create: UserRegistered } } };
    expect(resolveBusOptions(options, undefined).rules.size).toBe(1);
  });

  it("cannot be changed", () => {
    const options = resolve({ events, capture: { User: { create: UserRegistered } } });
    const rules = options.rules.get("User");
    for (const part of [
      options,
      options.database,
      options.transaction,
      rules,
      rules?.create,
      rules?.create[0],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it.each<[string, unknown, string]>([
    [
      "nothing",
      undefined,
      "INVALID_OPTION at options: options in eventBus() is undefined: expected an object",
    ],
    [
      "an unknown option",
      { events, captures: {} },
      'INVALID_OPTION at captures: unknown option "captures" in eventBus(): did you mean "capture"?',
    ],
    [
      "no events",
      {},
      "INVALID_OPTION at events: events in eventBus() is undefined: expected an array of event types",
    ],
    [
      "an event that is none",
      { events: [UserRegistered, "UserRenamed"] },
      'INVALID_OPTION at events[1]: events[1] in eventBus() is "UserRenamed": expected an event type made by defineEvent',
    ],
    [
      "two events of one name",
      { events: [UserRegistered, models.defineEvent("UserRegistered", { model: "User", version: 2 })] },
      'DUPLICATE_NAME at events[1]: two events in eventBus() are named "UserRegistered": expected each name once',
    ],
    [
      "an event of an unknown model",
      { events: [Reflect.apply(models.defineEvent, undefined, ["A", { model: "Usr" }])] },
      'UNKNOWN_MODEL at events[0]: unknown model "Usr" of the event A in eventBus(): did you mean "User"?',
    ],
    [
      "an unknown model",
      { events, capture: { user: { create: UserRegistered } } },
      'UNKNOWN_MODEL at capture.user: unknown model "user" in capture in eventBus(): did you mean "User"?',
    ],
    [
      "a model that is like no other",
      { events, capture: { Account: {} } },
      'UNKNOWN_MODEL at capture.Account: unknown model "Account" in capture in eventBus(): expected one of "User", "Post", "Invoice"',
    ],
    [
      "rules that are no object",
      { events, capture: [UserRegistered] },
      "INVALID_OPTION at capture: capture in eventBus() is an array: expected an object",
    ],
    [
      "rules of a model that are no object",
      { events, capture: { User: UserRegistered } },
      "INVALID_OPTION at capture.User: capture.User in eventBus() is the function UserRegistered: expected an object",
    ],
    [
      "an unknown operation",
      { events, capture: { User: { updated: UserRegistered } } },
      'INVALID_OPTION at capture.User.updated: unknown option "capture.User.updated" in eventBus(): did you mean "update"?',
    ],
    [
      "a rule that is none",
      { events, capture: { User: { create: "UserRegistered" } } },
      'INVALID_OPTION at capture.User.create: capture.User.create in eventBus() is "UserRegistered": expected an event type, { event, when } or an array of these',
    ],
    [
      "a rule without an event",
      { events, capture: { User: { create: [UserRegistered, { when: () => true }] } } },
      "INVALID_OPTION at capture.User.create[1].event: capture.User.create[1].event in eventBus() is undefined: expected an event type made by defineEvent",
    ],
    [
      "an unknown option of a rule",
      { events, capture: { User: { create: { event: UserRegistered, wen: () => true } } } },
      'INVALID_OPTION at capture.User.create.wen: unknown option "capture.User.create.wen" in eventBus(): did you mean "when"?',
    ],
    [
      "a condition that is neither a function nor an object",
      { events, capture: { User: { create: { event: UserRegistered, when: true } } } },
      'INVALID_OPTION at capture.User.create.when: capture.User.create.when in eventBus() is true: expected a condition such as { changed: "email" }, or a function',
    ],
    [
      "an event of another model",
      { events, capture: { User: { create: PostGone } } },
      'INVALID_OPTION at capture.User.create: "PostGone" at capture.User.create in eventBus() is of the model Post: expected an event of the model User',
    ],
    [
      "an event without a model",
      { events, capture: { User: { delete: [Counted] } } },
      'INVALID_OPTION at capture.User.delete[0]: "Counted" at capture.User.delete[0] in eventBus() has no model: expected an event of the model User',
    ],
    [
      "an event that is not among the events",
      { events: [UserRegistered], capture: { User: { update: UserRenamed } } },
      'UNKNOWN_EVENT at capture.User.update: capture.User.update uses the event "UserRenamed", which the option events of eventBus() does not name. Add it there, as in eventBus({ events: [..., UserRenamed] }), or correct the name: expected one of "UserRegistered"',
    ],
    [
      "a misspelt event",
      {
        events: [UserRegistered, PostGone],
        capture: { User: { update: models.defineEvent("UserRegisterd", { model: "User" }) } },
      },
      'UNKNOWN_EVENT at capture.User.update: capture.User.update uses the event "UserRegisterd", which the option events of eventBus() does not name. Add it there, as in eventBus({ events: [..., UserRegisterd] }), or correct the name: did you mean "UserRegistered"?',
    ],
    [
      "an event that is named twice",
      {
        events,
        capture: { User: { create: [UserRegistered, { event: UserRegistered, when: () => true }] } },
      },
      'DUPLICATE_NAME at capture.User.create[1]: capture.User.create in eventBus() names "UserRegistered" twice: expected each event once',
    ],
    [
      "an unknown option of the transaction",
      { events, transaction: { timeout: 5 } },
      'INVALID_OPTION at transaction.timeout: unknown option "transaction.timeout" in eventBus(): did you mean "timeoutMs"?',
    ],
    [
      "a transaction without time",
      { events, transaction: { maxWaitMs: 0 } },
      "INVALID_OPTION at transaction.maxWaitMs: transaction.maxWaitMs in eventBus() is 0: expected a whole number of milliseconds from 1 to 2147483647",
    ],
    [
      "an unknown option of the database",
      { events, database: { url: "postgresql://x" } },
      'INVALID_OPTION at database.url: unknown option "database.url" in eventBus(): expected one of "schema", "workerSchema"',
    ],
    [
      "events without room",
      { events, maxEventBytes: 10 },
      "INVALID_OPTION at maxEventBytes: maxEventBytes in eventBus() is 10: expected a whole number of bytes from 1024 to 268435455",
    ],
    [
      "metadata that are no function",
      { events, metadata: { actor: "system" } },
      "INVALID_OPTION at metadata: metadata in eventBus() is an object: expected a function",
    ],
  ])("refuses %s", (_, options, message) => {
    expect(refusal(() => resolve(options))).toBe(message);
  });

  it("names no other model's events as alternatives", () => {
    const options = { events: [PostGone], capture: { User: { create: UserRegistered } } };
    expect(refusal(() => resolve(options))).toBe(
      'UNKNOWN_EVENT at capture.User.create: capture.User.create uses the event "UserRegistered", which the option events of eventBus() does not name. Add it there, as in eventBus({ events: [..., UserRegistered] }), or correct the name: there are none',
    );
  });
});
