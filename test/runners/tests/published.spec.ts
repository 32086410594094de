import { publishedEvents } from "ex-event-bus/testing";

import { prisma } from "./db.js";
import { InvoiceDue, UserChanged, UserLeft, UserRegistered } from "./events.js";
import { failureOf } from "./failure-of.js";
import { afterAll, beforeAll, describe, expect, it } from "./runner.js";
import { register } from "./users.js";

let position = 0;

beforeAll(async () => {
  const id = await register(prisma, "ada@example.com");
  await prisma.$withEventMetadata({ actor: "admin" }, () =>
    prisma.user.update({ where: { id }, data: { name: "Ada" } }),
  );
  await register(prisma, "bob@example.com");
  position = (await publishedEvents(prisma, { limit: 1, last: true }))[0]?.position ?? 0;
});
afterAll(() => prisma.$disconnect());

describe("toHavePublished", () => {
  it("passes", async () => {
    await expect(prisma).toHavePublished(UserRegistered);
    await expect(prisma).toHavePublished(UserRegistered, {
      aggregate: { email: "ada@example.com", createdAt: expect.any(Date) },
      initialData: { email: null },
      aggregateKey: 1,
      operation: "create",
    });
    await expect(prisma).toHavePublished(UserChanged, {
      changes: { name: expect.stringContaining("A") },
      metadata: { actor: "admin" },
    });
    await expect(prisma).not.toHavePublished(UserLeft);
    await expect(prisma).not.toHavePublished(UserRegistered, {}, { after: position });
  });

  it("works on the client of a transaction", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.user.create({ data: { email: "eve@example.com" } });
      await expect(tx).toHavePublished(UserRegistered, { aggregate: { email: "eve@example.com" } });
      await expect(prisma).not.toHavePublished(UserRegistered, { aggregate: { email: "eve@example.com" } });
      await tx.user.delete({ where: { email: "eve@example.com" } });
    });
  });

  it("waits", async () => {
    const later = expect(prisma).toHavePublished(
      InvoiceDue,
      { aggregate: { total: 77 } },
      { withinMs: 20_000 },
    );
    await prisma.$publish(InvoiceDue({ total: 77 }));
    await later;
  });

  it("says what is different", async () => {
    const wrong = expect(prisma).toHavePublished(UserChanged, {
      aggregate: { email: expect.any(String) },
      changes: { name: "Eve" },
      metadata: { actor: "admin" },
    });
    expect(await failureOf(wrong)).toContain(
      [
        "expect(client).toHavePublished(UserChanged)",
        "",
        "Expected an event UserChanged with:",
        "    aggregate.email: Any<String>",
        '    changes.name: "Eve"',
        '    metadata.actor: "admin"',
        "",
        "The nearest is #3 UserChanged (update User 1):",
        '    aggregate.email: "ada@example.com"',
        '  ✗ changes.name: "Ada"',
        '    metadata.actor: "admin"',
        "",
        "Also published, the latest last:",
        "    #1 UserRegistered (create User 1)",
      ].join("\n"),
    );
    const unwanted = expect(prisma).not.toHavePublished(UserChanged);
    expect(await failureOf(unwanted)).toContain(
      "Expected not an event UserChanged.\n\nFound 1:\n    #3 UserChanged",
    );
  });

  it("refuses what is no client", async () => {
    await expect(expect(prisma.user.count()).toHavePublished(UserChanged)).rejects.toThrow(
      "was given a promise",
    );
    await expect(expect({}).not.toHavePublished(UserChanged)).rejects.toThrow("expected a Prisma client");
  });
});

describe("toHavePublishedTimes", () => {
  it("passes and fails", async () => {
    await expect(prisma).toHavePublishedTimes(UserChanged, 1);
    await expect(prisma).not.toHavePublishedTimes(UserChanged, 2);
    expect(await failureOf(expect(prisma).toHavePublishedTimes(UserChanged, 2))).toContain("Found 1:");
  });
});

describe("toHavePublishedInOrder", () => {
  it("passes and fails", async () => {
    await expect(prisma).toHavePublishedInOrder([
      UserRegistered,
      [InvoiceDue, { aggregate: { total: 10 } }],
      [UserChanged, { changes: { name: "Ada" } }],
    ]);
    const wrong = expect(prisma).toHavePublishedInOrder([UserChanged, UserChanged]);
    expect(await failureOf(wrong)).toContain("    #3 UserChanged (update User 1)\n  ✗ UserChanged");
  });
});
