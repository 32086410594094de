import { EventEmitter } from "node:events";
import type { WorkerEvents } from "graphile-worker";
import { describe, expect, it } from "vitest";

import { ClaimsClosed, openClaimGate } from "../../../src/worker/graphile/claim-gate.js";
import { eventually } from "../../support/eventually.js";
import { gate, workerFixture } from "../worker-fixture.js";

const { subscriber, start, publish, allIn, jobs } = await workerFixture();

/** Asks as graphile-worker's workers do; `true` as soon as it may claim. */
function asking(loops: number, places: number) {
  const events: WorkerEvents = new EventEmitter();
  const claims = openClaimGate(events, loops, places);
  const may: (boolean | Error)[] = [];
  const enter = () => {
    const index = may.push(false) - 1;
    Promise.resolve(claims.enter()).then(
      () => {
        may[index] = true;
      },
      (error: Error) => {
        may[index] = error;
      },
    );
  };
  const complete = () => {
    events.emit("job:complete", {} as never);
    enter();
  };
  return { claims, may, enter, complete };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the gate for claims", () => {
  it("lets as many claim as there are places, and the next one when a handler has ended", async () => {
    const { claims, may, enter, complete } = asking(4, 2);
    for (let n = 0; n < 4; n++) enter();
    await turn();
    expect(may).toEqual([true, true, false, false]);
    claims.leave();
    await turn();
    expect(may).toEqual([true, true, true, false]);
    complete();
    await turn();
    expect(may).toEqual([true, true, true, false, false]);
    claims.leave();
    claims.leave();
    await turn();
    expect(may).toEqual([true, true, true, true, true]);
  });

  it("lets those look again that found nothing, and lets no others look meanwhile", async () => {
    const { claims, may, enter, complete } = asking(3, 1);
    for (let n = 0; n < 3; n++) enter();
    // The first one found nothing, and looks again; then it finds something.
    enter();
    await turn();
    expect(may).toEqual([true, false, false, true]);
    claims.leave();
    await turn();
    expect(may).toEqual([true, true, false, true]);
    complete();
    await turn();
    expect(may).toEqual([true, true, false, true, false]);
  });

  it("refuses everybody once it is closed, also those that wait", async () => {
    const { claims, may, enter } = asking(2, 1);
    enter();
    enter();
    claims.close();
    await turn();
    expect(may).toEqual([true, expect.any(ClaimsClosed)]);
    expect(() => claims.enter()).toThrow(ClaimsClosed);
  });
});

describe("a worker", () => {
  it("claims no job before there is a handler's place for it, and uses every place", async () => {
    const { opened, open } = gate();
    let running = 0;
    const one = subscriber("one", async () => {
      running += 1;
      await opened;
    });
    const { worker } = await start([one], { worker: { concurrency: 2, pollIntervalMs: 100 } });
    await publish(6);
    const claimed = async () => (await jobs()).filter(({ locked_by }) => locked_by !== null).length;
    await eventually(() => expect(running).toBe(2));
    // Whoever would claim in advance has looked by then.
    await publish(1);
    await eventually(async () => expect(await jobs()).toHaveLength(7));
    expect(await claimed()).toBe(2);
    open();
    await allIn("delivered", 7);
    await worker.stop();
    expect(await jobs()).toEqual([]);
  });
});
