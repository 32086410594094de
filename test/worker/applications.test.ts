import { describe, expect, it } from "vitest";

import { migrate } from "../../src/worker/migrate.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, url, subscriber, start, publish, allIn, jobs } = await workerFixture();

describe("two applications on one database", () => {
  it("take only their own deliveries", async () => {
    const seen: string[] = [];
    const named = (name: string, who: string) => subscriber(name, () => void seen.push(`${name} by ${who}`));
    await start([named("invoice", "billing")], { application: "billing" });
    await start([named("parcel", "shipping")], { application: "shipping" });
    await publish(3);
    await allIn("delivered", 6);
    expect(seen.sort()).toEqual([
      ...Array(3).fill("invoice by billing"),
      ...Array(3).fill("parcel by shipping"),
    ]);
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it("take only their own deliveries in schemas of graphile-worker of their own", async () => {
    const database = { url, workerSchema: "graphile_shipping" };
    const seen: string[] = [];
    const named = (name: string, who: string) => subscriber(name, () => void seen.push(`${name} by ${who}`));
    const parcel = named("parcel", "shipping");
    await migrate({ prisma: {}, subscribers: [parcel], application: "shipping", database });
    await start([named("invoice", "billing")], { application: "billing" });
    await publish(2);
    const { rows } = await pool.query("select task_identifier from graphile_shipping.jobs");
    expect(rows).toEqual([{ task_identifier: "event_bus:parcel" }, { task_identifier: "event_bus:parcel" }]);
    await allIn("delivered", 2);
    await start([parcel], { application: "shipping", database });
    await allIn("delivered", 4);
    expect(seen.sort()).toEqual([
      ...Array(2).fill("invoice by billing"),
      ...Array(2).fill("parcel by shipping"),
    ]);
  });

  it("retry in the schema that the subscriber is in", async () => {
    const database = { url, workerSchema: "graphile_shipping" };
    const flaky = subscriber(
      "parcel",
      (_, ctx) => (ctx.attempt === 1 ? Promise.reject(new Error("no")) : undefined),
      {
        retry: { backoff: () => 10 },
      },
    );
    await start([flaky], { application: "shipping", database });
    await publish();
    expect(await allIn("delivered", 1)).toMatchObject([{ attempts: 2 }]);
  });
});
