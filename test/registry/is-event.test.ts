import { describe, expect, it } from "vitest";
import { brandEvent } from "../../src/registry/draft-event.js";
import { isEvent, isEventType } from "../../src/registry/is-event.js";
import { Counted, models, UserRegistered, UserRenamed } from "./event-types.js";

describe("isEvent", () => {
  it("knows events from their mark", () => {
    expect(isEvent(Counted("1"))).toBe(true);
  });

  it.each([undefined, null, 1, "UserRegistered", {}, [], UserRegistered, () => 1])(
    "does not take %o for one",
    (value) => {
      expect(isEvent(value)).toBe(false);
    },
  );

  it("does not take a copy for one, until it is marked", () => {
    const copy = { ...Counted("1") };
    expect(isEvent(copy)).toBe(false);
    expect(isEvent(brandEvent(copy), Counted)).toBe(true);
    expect(brandEvent(copy)).toBe(copy);
  });

  it("compares types by name, so that a type that was loaded twice is the same", () => {
    const event = UserRegistered({ id: 1 });
    expect(isEvent(event, UserRegistered)).toBe(true);
    expect(isEvent(event, UserRenamed)).toBe(false);
    expect(isEvent(event, models.defineEvent("UserRegistered", { model: "User", version: 2 }))).toBe(true);
  });

  it("knows events of another copy of the package", () => {
    const foreign = Object.defineProperty({ name: "Counted" }, Symbol.for("ex-event-bus.event"), {
      value: true,
    });
    expect(isEvent(foreign, Counted)).toBe(true);
  });
});

describe("isEventType", () => {
  it("knows event types from their mark", () => {
    expect(isEventType(Counted)).toBe(true);
    const foreign = Object.assign(() => 1, { [Symbol.for("ex-event-bus.event-type")]: true });
    expect(isEventType(foreign)).toBe(true);
  });

  it.each([undefined, null, {}, () => 1, "Counted", { [Symbol.for("ex-event-bus.event-type")]: true }])(
    "does not take %o for one",
    (value) => {
      expect(isEventType(value)).toBe(false);
    },
  );
});
