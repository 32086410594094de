import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { type BusClient, openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { whileOtherHolds } from "./support/waiting.js";

// The first call of a client is made before anything is known of its tables: a model without rules might be one whose rows
// PostgreSQL goes on from to others. When it is none, the call is Prisma's own.

const { url, pool } = await testDatabase();
const capture = { User: allRules.User };
const open = () => openClient(url).$extends(eventBus({ events, capture })) as unknown as BusClient;
const add = { where: { userId: 1 }, create: { userId: 1, orders: 1 }, update: { orders: { increment: 1 } } };

beforeEach(() => pool.query('truncate "Balance"'));

describe("the first call of a client", () => {
  it("waits in its transaction for another one that creates the row of an upsert, and changes it then", async () => {
    const insert = 'insert into "Balance" ("userId", orders) values (1, 1)';
    const call = () => open().$transaction((tx) => tx.balance.upsert(add));
    expect(await whileOtherHolds(pool, insert, call)).toMatchObject({ orders: 2 });
  });

  it("gives what Prisma gives outside of a transaction", async () => {
    expect(await open().balance.upsert(add)).toMatchObject({ userId: 1, orders: 1 });
    expect(await open().balance.updateMany({ data: { orders: 5 } })).toEqual({ count: 1 });
    expect(await open().balance.delete({ where: { userId: 1 } })).toMatchObject({ orders: 5 });
  });
});
