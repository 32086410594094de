import { afterAll, describe, expect, it } from "vitest";

import { DEFAULT_SCHEMA_NAMES } from "../../../src/outbox/schema-names.js";
import { unknownStatements } from "../../../src/worker/graphile/record-statements.js";
import { eventually } from "../../support/eventually.js";
import { workerFixture } from "../worker-fixture.js";
import { restore } from "./future-version.cjs";

afterAll(restore);

const { start, subscriber, publish, allIn, jobs, terminate } = await workerFixture();

describe.each(["normal", "high"] as const)(
  "with a version whose statements are not known, throughput %s",
  (throughput) => {
    it("a worker makes every delivery once, and says once that it is slower", async () => {
      const seen: unknown[] = [];
      const { of } = await start([subscriber("one", ({ aggregate }) => void seen.push(aggregate.n))], {
        worker: { concurrency: 3, throughput },
      });
      await publish(30);
      await allIn("delivered", 30);
      await eventually(async () => expect(await jobs()).toEqual([]));
      await terminate();
      await eventually(() => expect(of("recover:stop")).toHaveLength(1));
      await publish(30);
      await allIn("delivered", 60);
      expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(
        Array.from({ length: 60 }, (_, n) => Math.floor(n / 2) + 1),
      );
      expect(of("worker:unknown-statement").map(({ statement }) => statement)).toEqual(["take", "delete"]);
    });
  },
);

it("what is not known is found without a database", async () => {
  expect(await unknownStatements(DEFAULT_SCHEMA_NAMES)).toEqual(["take", "delete"]);
});
