import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import "../../src/vitest.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";

// What can never be true would make every `.not` pass: it is refused, with and without.

const { url } = await testDatabase();
const prisma = openBus(url);
const { create: UserCreated, update: UserUpdated } = rules.User;
const Paid = defineEvent("Paid", { schema: z.object({ total: z.number() }) });
const greet = defineSubscriber({ name: "greet", events: [UserCreated], handle: () => undefined });

type Loose = Record<string, (...args: readonly unknown[]) => Promise<void>> & { readonly not: Loose };
const loose = (client: unknown) => expect(client) as never as Loose;

beforeAll(() => prisma.user.create({ data: { email: "ada@example.com" } }));

describe.each(["toHavePublished", "toHaveDelivered"])("%s", (matcher) => {
  const what = matcher === "toHavePublished" ? UserCreated : greet;
  it.each([
    [[what, { agregate: {} }], 'unknown option "expected.agregate"', 'did you mean "aggregate"?'],
    [[what, { withinMs: 500 }], 'unknown option "expected.withinMs"', 'expected one of "'],
    [[what, "ada"], "expected in", 'is "ada": expected an object'],
    [[what, { aggregate: { emial: "a" } }], 'unknown option "expected.aggregate.emial"', '"email"'],
    [[what, { changes: { emial: "a" } }], 'unknown option "expected.changes.emial"', '"email"'],
    [
      [what, { aggregateKey: undefined }],
      "expected.aggregateKey in",
      "leave the field out if any value will do",
    ],
    [[what, { aggregate: undefined }], "expected.aggregate in", "leave the field out if any value will do"],
    [[what, { operation: "insert" }], "expected.operation in", 'is "insert": expected one of "create"'],
    [[what, { metadata: null }], "expected.metadata in", "is null: expected an object"],
    [[what, { changes: "x" }], "expected.changes in", 'is "x": expected an object'],
    [[what, { aggregate: Promise.resolve({}) }], "expected.aggregate in", "await the promise first"],
    [
      [what, expect.objectContaining({ operation: "create" })],
      "expected in",
      "whose fields may be asymmetric",
    ],
    [[what, {}, { wihtinMs: 1 }], 'unknown option "wihtinMs"', 'did you mean "withinMs"?'],
    [[what, {}, { withinMs: "500" }], "withinMs in", "expected a whole number of milliseconds"],
    [[what, {}, { after: -1 }], "after in", "expected a whole number"],
    [[undefined], "is undefined", "made by define"],
  ])("refuses %#", async (args, ...texts) => {
    for (const negated of [false, true]) {
      const failing = (negated ? loose(prisma).not : loose(prisma))[matcher]?.(...args);
      await expect(failing).rejects.toMatchObject({ code: "INVALID_OPTION" });
      for (const text of texts) await expect(failing).rejects.toThrow(text);
    }
  });
});

describe("toHaveDelivered", () => {
  it.each([
    [{ event: undefined }, "event in toHaveDelivered() is undefined: expected an event type"],
    [{ event: UserUpdated }, 'expected one that "greet" handles: UserCreated'],
    [{ attempts: "1" }, "attempts in toHaveDelivered() is"],
    [{ atempts: 1 }, 'did you mean "attempts"?'],
  ])("refuses %o", async (expected, text) => {
    await expect(loose(prisma).not["toHaveDelivered"]?.(greet, expected)).rejects.toThrow(text);
  });
});

describe("toHavePublishedInOrder", () => {
  it.each([
    [[], "events in toHavePublishedInOrder() is an empty array"],
    [UserCreated, "is the function UserCreated: expected an array"],
    [["UserCreated"], 'events[0] in toHavePublishedInOrder() is "UserCreated"'],
    [[UserCreated, [UserUpdated, { changs: {} }]], 'unknown option "events[1].changs"'],
    [[[UserCreated, {}, { withinMs: 5 }]], "expected an event type, or [event type, expected]"],
  ])("refuses %o", async (steps, text) => {
    await expect(loose(prisma).not["toHavePublishedInOrder"]?.(steps)).rejects.toThrow(text);
  });
});

describe("an event with a schema", () => {
  it("can have any field", async () => {
    await expect(loose(prisma).not["toHavePublished"]?.(Paid, { aggregate: { toal: 1 } })).resolves.toBe(
      undefined,
    );
  });
});
