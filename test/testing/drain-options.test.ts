import { beforeAll, describe, expect, it } from "vitest";

import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { DeadLetter } from "../../src/registry/on-dead.js";
import { drain } from "../../src/testing/drain.js";
import type { DrainOptions } from "../../src/testing/drain-options.js";
import { deliverConcurrently, deliverTwice, failFirst } from "../../src/testing/faults.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";

const { url } = await testDatabase();
const prisma = openBus(url);
const { create: UserCreated, update: UserUpdated } = rules.User;
const mortal = defineSubscriber({
  name: "mortal",
  events: [UserCreated],
  retry: { maxAttempts: 1 },
  handle: () => Promise.reject(new RangeError("no")),
});
const namesake = defineSubscriber({ name: "mortal", events: [UserUpdated], handle: () => undefined });

beforeAll(() => subscribe({ client: prisma, subscribers: [mortal] }));

describe("drain", () => {
  it("calls onDead, as a worker does", async () => {
    const { id } = await prisma.user.create({ data: { email: "ada@example.com" } });
    const letters: DeadLetter[] = [];
    const onDead = (letter: DeadLetter) => letters.push(letter);
    expect(await drain({ prisma, subscribers: [mortal], onDead })).toMatchObject({ dead: 1, retrying: 0 });
    expect(letters).toMatchObject([
      {
        subscriber: "mortal",
        event: { aggregate: { id, createdAt: expect.any(Date) } },
        error: { message: "no" },
        delivery: { attempts: 1 },
      },
    ]);
  });

  it.each([
    [{ subscribers: undefined }, "subscribers in drain() is undefined: expected an array"],
    [{ subscribers: [mortal, namesake] }, 'two subscribers in drain() are named "mortal"'],
    [{ subscriber: "mortl" }, 'which is not among subscribers: did you mean "mortal"?'],
    [
      { subscriber: [mortal] },
      "subscriber in drain() is an array: expected a subscriber, or the name of one",
    ],
    [{ event: UserUpdated }, 'event in drain() is "UserUpdated", which none of the subscribers handles'],
    [{ event: "UserCreatd" }, 'did you mean "UserCreated"?'],
    [{ event: [UserCreated] }, "event in drain() is an array: expected an event type"],
    [{ cascade: "no" }, 'cascade in drain() is "no": expected true or false'],
    [{ onError: "rethrow" }, 'onError in drain() is "rethrow"'],
    [{ onDead: "log" }, 'onDead in drain() is "log": expected a function'],
    [{ at: new Date(Number.NaN) }, "at in drain() is an invalid Date: expected a valid Date"],
    [{ faults: deliverTwice }, "faults in drain() is an object: expected an array of faults"],
    [{ faults: [failFirst] }, "faults in drain() is an array: expected an array of faults"],
    [{ prisma: Promise.resolve(prisma) }, "prisma in drain() is a Promise: expected a Prisma client"],
    [{ prisma: undefined }, "prisma in drain() is undefined: expected a Prisma client"],
    [{ client: {} }, "client in drain() is an object: expected a Prisma client"],
  ])("refuses %o", async (wrong, text) => {
    const options = { prisma, subscribers: [mortal], ...wrong } as never as DrainOptions;
    await expect(drain(options)).rejects.toThrow(text);
  });

  it("refuses two at the same time in a transaction, which goes on", async () => {
    await prisma.$transaction(async (tx) => {
      const two = drain({ prisma: tx, subscribers: [mortal], faults: [deliverConcurrently] });
      await expect(two).rejects.toThrow("expected no deliverConcurrently with the client of a transaction");
      await tx.user.create({ data: { email: "bob@example.com" } });
    });
  });
});

describe("subscribe", () => {
  it("refuses two of one name", async () => {
    await expect(subscribe({ client: prisma, subscribers: [mortal, namesake] })).rejects.toMatchObject({
      code: "DUPLICATE_NAME",
      message: 'two subscribers in subscribe() are named "mortal": expected each name once',
    });
  });
});
