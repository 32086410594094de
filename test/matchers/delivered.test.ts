import { beforeEach, describe, expect, it } from "vitest";

import "../../src/vitest.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { drain } from "../../src/testing/drain.js";
import { failFirst } from "../../src/testing/faults.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";
import { failureOf } from "./failure-of.js";

const { pool, url } = await testDatabase();
const prisma = openBus(url);
const { create: UserCreated, update: UserUpdated, delete: UserDeleted } = rules.User;
const greet = defineSubscriber({
  name: "greet",
  events: [UserCreated, UserUpdated],
  handle: () => undefined,
});
const register = (email: string) => prisma.user.create({ data: { email } });

beforeEach(async () => {
  await pool.query(
    "truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions, users restart identity cascade",
  );
  await subscribe({ client: prisma, subscribers: [greet] });
});

describe("toHaveDelivered", () => {
  it("passes when an event was delivered to the subscriber", async () => {
    await register("ada@example.com");
    await expect(prisma).not.toHaveDelivered(greet);
    await drain({ prisma, subscribers: [greet] });
    await expect(prisma).toHaveDelivered(greet);
    await expect(prisma).toHaveDelivered(greet, {
      event: UserCreated,
      attempts: 1,
      aggregate: { email: expect.stringContaining("ada") },
    });
    await expect(prisma).not.toHaveDelivered(greet, { aggregate: { email: "bob@example.com" } });
    await expect(prisma).not.toHaveDelivered(greet, { attempts: 2 });
    await expect(prisma).not.toHaveDelivered(greet, { event: UserUpdated });
  });

  it("waits for what comes within a time", async () => {
    const later = expect(prisma).toHaveDelivered(greet, {}, { withinMs: 20_000 });
    await register("ada@example.com");
    await drain({ prisma, subscribers: [greet] });
    await later;
  });

  it("sees what was done in a transaction", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.user.create({ data: { email: "ada@example.com" } });
      await drain({ prisma: tx, subscribers: [greet] });
      await expect(tx).toHaveDelivered(greet);
      await expect(prisma).not.toHaveDelivered(greet);
    });
  });

  it("says where the deliveries stand", async () => {
    await register("ada@example.com");
    await drain({ prisma, subscribers: [greet], faults: [failFirst(1)] });
    await register("bob@example.com");
    expect(
      await failureOf(expect(prisma).toHaveDelivered(greet, { event: UserCreated })),
    ).toMatchInlineSnapshot(`
      "
      expect(client).toHaveDelivered(greet)

      Expected an event UserCreated to be delivered to "greet".

      Its deliveries:
          #1 UserCreated (create User 1): retrying, 1 attempt, the last error: Error: failFirst(1): attempt 1 fails
          #2 UserCreated (create User 2): waiting, 0 attempts

      Nothing else was published.
      "
    `);
  });

  it("says what is different", async () => {
    await register("ada@example.com");
    await drain({ prisma, subscribers: [greet] });
    const failure = expect(prisma).toHaveDelivered(
      greet,
      { aggregate: { email: "bob@example.com" } },
      { withinMs: 1 },
    );
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).toHaveDelivered(greet)

      Expected an event to be delivered to "greet" within 1 ms, with:
          aggregate.email: "bob@example.com"

      The nearest that it was sent is #1 UserCreated (create User 1):
        ✗ aggregate.email: "ada@example.com"

      Nothing else was published.
      "
    `);
  });

  it("says that it was sent nothing", async () => {
    await pool.query("truncate event_bus.subscriptions cascade");
    await register("ada@example.com");
    expect(await failureOf(expect(prisma).toHaveDelivered(greet, { attempts: 1 }))).toMatchInlineSnapshot(`
      "
      expect(client).toHaveDelivered(greet)

      Expected an event to be delivered to "greet" after 1 attempt.

      It was sent no such event. An event goes to the subscribers that were known when it was published: in a test, call
      subscribe({ client, subscribers }) before.

      What was published, the latest last:
          #1 UserCreated (create User 1)
      "
    `);
  });

  it("with not, says what was delivered", async () => {
    await register("ada@example.com");
    await drain({ prisma, subscribers: [greet] });
    expect(await failureOf(expect(prisma).not.toHaveDelivered(greet))).toMatchInlineSnapshot(`
      "
      expect(client).not.toHaveDelivered(greet)

      Expected not an event to be delivered to "greet".

      Its deliveries:
          #1 UserCreated (create User 1): delivered, 1 attempt

      Nothing else was published.
      "
    `);
  });

  it.each([
    [[undefined], "subscriber in toHaveDelivered() is undefined: expected a subscriber"],
    [
      [greet, { event: UserDeleted }],
      'event in toHaveDelivered() is "UserDeleted": expected one that "greet" handles',
    ],
    [[greet, { emial: 1 }], 'unknown option "expected.emial" in toHaveDelivered()'],
    [[greet, { attempts: 0 }], "attempts in toHaveDelivered() is 0: expected a whole number"],
    [
      [greet, {}, { withinMS: 1 }],
      'unknown option "withinMS" in toHaveDelivered(): did you mean "withinMs"?',
    ],
  ])("refuses wrong use (%#)", async (args, message) => {
    const loose = expect(prisma) as never as { toHaveDelivered(...all: unknown[]): Promise<void> };
    await expect(loose.toHaveDelivered(...args)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
  });
});
