import { expect, it } from "vitest";

import { instrument } from "../../src/otel.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { runWorker } from "../../src/worker/run-worker.js";
import {
  aFunction,
  anObject,
  aText,
  nothing,
  number,
  optional,
  rightOf,
  type Trial,
  takenBy,
  unreadable,
  whole,
} from "../support/wrong-values.js";

// What the functions of ex-event-bus/worker take beside a configuration. Right options get as far as the database, of which
// there is none, or to the client or the subscribers, which are checked after them.

const config = {
  prisma: {},
  subscribers: [],
  database: { url: "postgresql://nobody@127.0.0.1:1/none" },
  worker: {},
};
const through = (run: Promise<unknown>) =>
  run.catch((error: { readonly code?: string; readonly path?: string }) => {
    if (error.code !== "DATABASE_UNREACHABLE" && error.path !== "subscribers" && error.path !== "prisma")
      throw error;
  });
const works = (options: object) => through(runWorker({ ...config, ...options } as never));
const once = (options: object) => through(runOnce({ ...config, ...options } as never));
const migrates = (options: object) => through(migrate({ ...config, ...options } as never));
const instruments = (options: object) => instrument(options)();

const runs: readonly Trial[] = [
  ["runWorker()", (options) => through(runWorker(options)), anObject],
  ["healthPort", (healthPort) => works({ healthPort }), optional(whole(0, 65_535))],
  ["healthHost", (healthHost) => works({ healthPort: 0, healthHost }), optional(aText)],
  ["runOnce()", (options) => through(runOnce(options)), anObject],
  ["maxMs", (maxMs) => once({ maxMs }), optional(number(1, Number.POSITIVE_INFINITY))],
  ["migrate()", (options) => through(migrate(options)), anObject],
  ...[works, once, migrates].flatMap((run): readonly Trial[] => [
    ["log", (log) => run({ log }), optional(nothing)],
    ["report", (report) => run({ report }), optional(aFunction)],
    ["worker", (worker) => run({ worker }), optional(anObject)],
  ]),
  ["relation", (relation) => instruments({ relation }), optional(nothing)],
  ["the client", (client) => instruments({ client }), optional(nothing)],
  ["tracerProvider", (tracerProvider) => instruments({ tracerProvider }), optional(nothing)],
  ["meterProvider", (meterProvider) => instruments({ meterProvider }), optional(nothing)],
];

it.each(runs)("%s takes what is right, and nothing else", async (...trial) => {
  expect(await takenBy(trial)).toEqual(rightOf(trial));
});

it.each([
  [runWorker, "healthport", "healthPort"],
  [runWorker, "reports", "report"],
  [runOnce, "maxMS", "maxMs"],
  [migrate, "retentions", "retention"],
  [migrate, "logg", "log"],
])("%o says which option was meant", async (run, wrong, right) => {
  await expect(run({ ...config, [wrong]: 1 } as never)).rejects.toThrow(
    `unknown option "${wrong}" in ${run.name}(): did you mean "${right}"?`,
  );
});

it("an option that cannot be read is refused by name", async () => {
  await expect(runOnce(unreadable("maxMs") as never)).rejects.toThrow("maxMs in runOnce() cannot be read");
});
