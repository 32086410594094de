import { describe, expect, it } from "vitest";
import { exponential, fixed } from "../../src/registry/backoff.js";
import { defineSubscriber, isSubscriber } from "../../src/registry/define-subscriber.js";
import { Counted, models, PostGone, UserRegistered } from "./event-types.js";
import { refusal } from "./refusal.js";

const valid = { name: "x", events: [UserRegistered], handle: () => undefined } as const;
const untyped = (options: unknown) => Reflect.apply(defineSubscriber, undefined, [options]);

describe("defineSubscriber", () => {
  it("fills in the defaults of its policy", () => {
    expect(defineSubscriber(valid).policy).toEqual({
      maxAttempts: 20,
      backoff: exponential(),
      timeoutMs: 60_000,
      priority: 0,
      delayMs: 0,
      history: "full",
      transactional: false,
      isolationLevel: undefined,
    });
  });

  it("keeps what it is given", () => {
    const subscriber = defineSubscriber({
      ...valid,
      events: [UserRegistered, PostGone, Counted],
      retry: { maxAttempts: 1, backoff: fixed(10) },
      timeoutMs: 1,
      priority: -32_768,
      delayMs: 5,
      history: "failures",
      transactional: true,
      isolationLevel: "Serializable",
    });
    expect(subscriber.events).toEqual([UserRegistered, PostGone, Counted]);
    expect(subscriber.policy).toEqual({
      maxAttempts: 1,
      backoff: fixed(10),
      timeoutMs: 1,
      priority: -32_768,
      delayMs: 5,
      history: "failures",
      transactional: true,
      isolationLevel: "Serializable",
    });
  });

  it("treats an option that is undefined as not given", () => {
    const none = { retry: undefined, timeoutMs: undefined, priority: undefined, delayMs: undefined };
    expect(defineSubscriber({ ...valid, ...none }).policy).toEqual(defineSubscriber(valid).policy);
    expect(
      defineSubscriber({ ...valid, retry: { maxAttempts: undefined, backoff: undefined } }).policy,
    ).toEqual(defineSubscriber(valid).policy);
  });

  it("makes a subscriber that cannot be changed", () => {
    const events = [UserRegistered];
    const subscriber = defineSubscriber({ ...valid, events });
    events.pop();
    expect(subscriber.events).toHaveLength(1);
    for (const part of [subscriber, subscriber.events, subscriber.policy])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it("passes the event, the context, the result and the error of the handler on", () => {
    const event = UserRegistered({ id: 1 });
    const ctx = { attempt: 1 };
    const options = { ...valid, greeting: "Hello", handle: (...args: unknown[]) => args };
    const { greeting: _, ...given } = options;
    const subscriber = defineSubscriber(given);
    expect(Reflect.apply(subscriber.handle, undefined, [event, ctx])).toEqual([event, ctx]);
    const failing = defineSubscriber({
      ...valid,
      handle() {
        throw new Error("no");
      },
    });
    expect(() => Reflect.apply(failing.handle, undefined, [event, ctx])).toThrow("no");
  });

  it("calls the handler on its options", () => {
    const options = {
      ...valid,
      handle(this: { readonly name: string }) {
        return this.name;
      },
    };
    expect(Reflect.apply(defineSubscriber(options).handle, undefined, [])).toBe("x");
  });

  it("gives the longest name that fits into a task identifier", () => {
    const name = "x".repeat(118);
    expect(defineSubscriber({ ...valid, name }).name).toBe(name);
    expect(`event_bus:${name}`).toHaveLength(128);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "options: options in defineSubscriber() is undefined: expected an object"],
    [
      "an unknown option",
      { ...valid, retires: {} },
      'retires: unknown option "retires" in defineSubscriber("x"): did you mean "retry"?',
    ],
    [
      "a name that is too long",
      { ...valid, name: "x".repeat(119) },
      `name: name in defineSubscriber() is "${"x".repeat(60)}…": expected 1 to 118 printable characters`,
    ],
    [
      "no name",
      { ...valid, name: "" },
      'name: name in defineSubscriber() is "": expected 1 to 118 printable characters',
    ],
    [
      "no handler",
      { name: "x", events: [UserRegistered] },
      'handle: handle in defineSubscriber("x") is undefined: expected a function',
    ],
    [
      "no events",
      { ...valid, events: [] },
      'events: events in defineSubscriber("x") is an empty array: expected an array of at least one event type',
    ],
    [
      "one event that is not in an array",
      { ...valid, events: UserRegistered },
      'events: events in defineSubscriber("x") is the function UserRegistered: expected an array of at least one event type',
    ],
    [
      "an event that is none",
      { ...valid, events: [UserRegistered, "PostGone"] },
      'events[1]: events[1] in defineSubscriber("x") is "PostGone": expected an event type made by defineEvent',
    ],
    [
      "no attempts",
      { ...valid, retry: { maxAttempts: 0 } },
      'retry.maxAttempts: retry.maxAttempts in defineSubscriber("x") is 0: expected a whole number from 1 to 10000',
    ],
    [
      "an unknown option of retry",
      { ...valid, retry: { attempts: 3 } },
      'retry.attempts: unknown option "retry.attempts" in defineSubscriber("x"): did you mean "maxAttempts"?',
    ],
    [
      "an unknown backoff",
      { ...valid, retry: { backoff: "linear" } },
      'retry.backoff: retry.backoff in defineSubscriber("x") is "linear": expected "exponential", exponential({ … }), fixed(ms) or a function',
    ],
    [
      "no time",
      { ...valid, timeoutMs: 0 },
      'timeoutMs: timeoutMs in defineSubscriber("x") is 0: expected a whole number of milliseconds from 1 to 10800000',
    ],
    [
      "a priority that does not fit into a smallint",
      { ...valid, priority: 32_768 },
      'priority: priority in defineSubscriber("x") is 32768: expected a whole number from -32768 to 32767',
    ],
    [
      "what is neither transactional nor not",
      { ...valid, transactional: "yes" },
      'transactional: transactional in defineSubscriber("x") is "yes": expected true or false',
    ],
    [
      "an unknown history",
      { ...valid, history: "none" },
      'history: history in defineSubscriber("x") is "none": expected "full" or "failures"',
    ],
    [
      "an unknown isolation level",
      { ...valid, transactional: true, isolationLevel: "serializable" },
      'isolationLevel: isolationLevel in defineSubscriber("x") is "serializable": expected one of "ReadCommitted", "RepeatableRead", "Serializable"',
    ],
    [
      "an isolation level without a transaction",
      { ...valid, isolationLevel: "Serializable" },
      'isolationLevel: isolationLevel in defineSubscriber("x") is "Serializable": expected transactional: true beside it',
    ],
    [
      "a delay that is negative",
      { ...valid, delayMs: -1 },
      'delayMs: delayMs in defineSubscriber("x") is -1: expected a whole number of milliseconds from 0 to 31536000000',
    ],
  ])("refuses %s", (_, options, message) => {
    expect(refusal(() => untyped(options))).toBe(`INVALID_OPTION at ${message}`);
  });

  it("refuses an event that is named twice", () => {
    const twin = models.defineEvent("UserRegistered", { model: "User", version: 2 });
    expect(refusal(() => untyped({ ...valid, events: [UserRegistered, twin] }))).toBe(
      'DUPLICATE_NAME at events[1]: events in defineSubscriber("x") name "UserRegistered" twice: expected each event once',
    );
  });
});

describe("isSubscriber", () => {
  it("knows subscribers from their mark, also those of another copy of the package", () => {
    expect(isSubscriber(defineSubscriber(valid))).toBe(true);
    expect(isSubscriber({ [Symbol.for("ex-event-bus.subscriber")]: true })).toBe(true);
  });

  it.each([undefined, null, valid, UserRegistered])("does not take %o for one", (value) => {
    expect(isSubscriber(value)).toBe(false);
  });
});
