import { drain, withRollback } from "ex-event-bus/testing";

import { prisma } from "./db.js";
import { UserRegistered } from "./events.js";
import { afterAll, describe, expect, it } from "./runner.js";
import { sendWelcome } from "./subscribers.js";
import { register } from "./users.js";

afterAll(() => prisma.$disconnect());

describe("a database per test file", () => {
  it("has nothing of other files", async () => {
    expect(await prisma.user.count()).toBe(0);
    await expect(prisma).toHavePublishedTimes(UserRegistered, 0);
  });
});

describe("withRollback", () => {
  it("leaves nothing, with transactions inside", async () => {
    await withRollback(prisma, async (tx) => {
      await register(tx, "ada@example.com");
      await expect(register(tx, "bob@example.com", -1)).rejects.toThrow("nobody is paid");
      await expect(tx).toHavePublishedTimes(UserRegistered, 1);
      expect(await drain({ prisma: tx, subscribers: [sendWelcome] })).toMatchObject({ delivered: 1 });
      await expect(tx).toHaveDelivered(sendWelcome);
    });
    expect(await prisma.user.count()).toBe(0);
  });
});
