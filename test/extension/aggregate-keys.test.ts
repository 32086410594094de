import { beforeAll, describe, expect, it } from "vitest";

import "../../src/vitest.js";
import { deliveries, discard, erase, events, redrive } from "../../src/admin.js";
import { type AnyEventType, defineSubscriber, eventsFor } from "../../src/index.js";
import type { DraftKey } from "../../src/registry/event-type.js";
import { deliveriesOf, publishedEvents, subscribe } from "../../src/testing.js";
import { ownSchema } from "./support/own-schema.js";

// An aggregate is found by the value of its key as Prisma reads it, and by the text that events have.
const own = await ownSchema(`
enum Kind {
  ONE
  TWO
}

model Rate {
  id Decimal @id
}

model Blob {
  id Bytes @id
}

model Big {
  id BigInt @id
}

model Ratio {
  id Float @id
}

model Moment {
  id DateTime @id
}

model Flag {
  id Boolean @id
}

model Sort {
  id Kind @id
}

model Numbers {
  id Int[] @unique
}

model Document {
  id Json @unique
}

model Both {
  rate  Decimal
  hash  Bytes
  big   BigInt
  at    DateTime
  @@id([rate, hash, big, at])
}

model Listed {
  tags  Int[]
  rate  Decimal
  @@unique([tags, rate])
}
`);
const { pool, open } = await own.database();
const prisma = open().$extends(own.bus());
const Decimal = Reflect.get(own.prisma, "Decimal") as new (text: string) => { toFixed(): string };

const { defineEvent } = eventsFor();
const typeOf = (model: string) => defineEvent(`${model}.create`, { model } as never) as AnyEventType;

const small = new Decimal("1e-7");
const huge = new Decimal("-1e21");
const bytes = new Uint8Array([0, 255, 92]);
const at = new Date("2026-01-02T03:04:05.678Z");

/** A model, a row of it, its key as Prisma reads it, and as events have it. */
const keys: readonly (readonly [model: string, row: object, value: DraftKey, text: string])[] = [
  ["Rate", { id: small }, small, "0.0000001"],
  ["Rate", { id: huge }, huge, "-1000000000000000000000"],
  ["Blob", { id: bytes }, bytes, "\\x00ff5c"],
  ["Blob", { id: new Uint8Array() }, Buffer.from([]), "\\x"],
  ["Big", { id: -9_007_199_254_740_993n }, -9_007_199_254_740_993n, "-9007199254740993"],
  ["Ratio", { id: 1e-7 }, 1e-7, "1e-7"],
  ["Moment", { id: at }, at, "2026-01-02T03:04:05.678Z"],
  ["Flag", { id: false }, false, "false"],
  ["Sort", { id: "TWO" }, "TWO", "TWO"],
  [
    "Both",
    { rate: small, hash: bytes, big: 1n, at },
    [small, bytes, 1n, at],
    '["0.0000001","\\\\x00ff5c","1","2026-01-02T03:04:05.678Z"]',
  ],
  // A list and Json are given as the text: an array is a compound key.
  ["Numbers", { id: [1, 2] }, "[1,2]", "[1,2]"],
  ["Document", { id: { b: 1, a: [null] } }, '{"a":[null],"b":1}', '{"a":[null],"b":1}'],
  ["Listed", { tags: [1, 2], rate: small }, ["[1,2]", small], '["[1,2]","0.0000001"]'],
];
const listen = defineSubscriber({
  name: "listen",
  events: [...new Set(keys.map(([model]) => model))].map(typeOf) as [AnyEventType],
  handle: () => undefined,
});

beforeAll(async () => {
  await subscribe({ client: pool, subscribers: [listen] });
  for (const [model, data] of keys)
    await prisma[`${model[0]?.toLowerCase()}${model.slice(1)}`]?.["create"]?.({ data });
});

describe.each(keys)("the key of %s %o", (aggregateType, _, value, text) => {
  it("is stored as its text", async () => {
    const found = await events(pool, { aggregateType });
    expect(found.map(({ aggregateKey }) => aggregateKey)).toContain(text);
  });

  it.each([
    ["its value", value],
    ["its text", text],
  ])("is found by %s", async (__, aggregateKey) => {
    const aggregate = { aggregateType, aggregateKey };
    expect(await events(pool, aggregate)).toMatchObject([{ aggregateKey: text }]);
    expect(await publishedEvents(pool, aggregate)).toMatchObject([{ aggregateKey: text }]);
    expect(await deliveries(pool, aggregate)).toMatchObject([{ aggregateKey: text }]);
    expect(await deliveriesOf(pool, aggregate)).toMatchObject([{ aggregateKey: text }]);
    expect(await erase(pool, aggregate, { dryRun: true })).toEqual({ events: 1, cancelled: 1 });
    expect(await redrive(pool, aggregate)).toMatchObject({ matched: 0 });
    const open = { ...aggregate, state: "waiting" } as const;
    expect(await discard(pool, open, { reason: "x", dryRun: true })).toMatchObject({ matched: 1 });
    await expect(pool).toHavePublished(typeOf(aggregateType), { aggregateKey });
  });
});
