import { describe, expect, it } from "vitest";

import type { DeadLetter } from "../../src/registry/on-dead.js";
import { workerFixture } from "../worker/worker-fixture.js";

const { subscriber, start, publish, allIn, pool } = await workerFixture();
const once = { retry: { maxAttempts: 1 } };
const refusal = new Error("no mail server");
const fails = subscriber("fails", () => Promise.reject(refusal), once);

describe("onDead", () => {
  it("is called once for a dead delivery, after that is on record, with all that is known", async () => {
    const letters: (DeadLetter & { readonly state: string })[] = [];
    const onDead = async (letter: DeadLetter) => {
      const { rows } = await pool.query(
        "select state from event_bus.deliveries d join event_bus.subscriptions s on s.id = d.subscription_id where position = $1 and subscriber = $2",
        [letter.delivery.position, letter.subscriber],
      );
      letters.push({ ...letter, state: rows[0].state });
    };
    const { of } = await start([fails, subscriber("delivers", () => undefined)], { onDead });
    const { events } = await publish(1);
    await allIn("dead", 1);
    await allIn("delivered", 1);
    await expect.poll(() => of("deliver:stop").length).toBe(2);
    expect(letters).toMatchObject([
      {
        subscriber: "fails",
        event: { name: "Ping", id: events[0]?.id, aggregate: { n: 1 } },
        error: refusal,
        delivery: {
          eventId: events[0]?.id,
          eventName: "Ping",
          aggregateType: null,
          aggregateKey: "1",
          attempts: 1,
        },
        state: "dead",
      },
    ]);
  });

  it("is reported when it fails, and changes nothing", async () => {
    const broken = [
      () => {
        throw new Error("thrown");
      },
      () => Promise.reject(new Error("rejected")),
    ];
    const { of } = await start([fails], { onDead: () => broken.shift()?.() });
    await publish(2);
    await allIn("dead", 2);
    await expect
      .poll(() =>
        of("on-dead:error")
          .map(({ subscriber: name, error }) => `${name}: ${error}`)
          .sort(),
      )
      .toEqual(["fails: Error: rejected", "fails: Error: thrown"]);
    await expect
      .poll(async () => (await pool.query("select from graphile_worker._private_jobs")).rowCount)
      .toBe(0);
  });

  it("is told of an event that cannot be decoded", async () => {
    const letters: DeadLetter[] = [];
    await start([fails], { onDead: (letter) => void letters.push(letter) });
    await pool.query(
      `select event_bus.publish('[{"name": "Ping", "aggregate": {"n": "x"}, "types": {"aggregate": {"n": "bigint"}}}]', 1)`,
    );
    await allIn("dead", 1);
    await expect.poll(() => letters).toMatchObject([{ event: null, error: { code: "VALUE_NOT_READABLE" } }]);
  });
});
