import { expect, it } from "vitest";

import { withoutOwnFrames } from "../../src/cli/own-frames.js";

const others = [
  "at runHandler (file:///app/node_modules/ex-event-bus/dist/esm/delivery/run-handler.js:40:12)",
  "at runHandler (/app/node_modules/.pnpm/ex-event-bus@0.1.0/node_modules/ex-event-bus/dist/cjs/delivery/run.js:4:1)",
  "at async C:\\app\\node_modules\\graphile-worker\\dist\\worker.js:300:13",
  "at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
  "at node:internal/main/run_main_module:28:49",
  "at new Promise (<anonymous>)",
  "at async Promise.all (index 0)",
  `at deliver (${new URL("../../src/delivery/deliver.ts", import.meta.url).pathname}:10:3)`,
];
const own = [
  "Error: no mail server at node:7 (see /app/node_modules/ex-event-bus/README.md)",
  "    at send (/app/src/mailer.ts:12:9)",
  "    at Client._connect (/app/node_modules/pg/lib/client.js:5:1)",
  "Caused by: Error: at (node:net) all",
  "    at Object.handle (file:///home/node/ex-event-bus-app/dist/subscribers.js:3:5)",
];

it("leaves out frames of the package, of graphile-worker and of Node.js, and nothing else", () => {
  const frames = others.map((frame) => `    ${frame}`);
  const [head = "", ...rest] = own;
  const stack = [head, ...rest.slice(0, 2), ...frames, ...rest.slice(2), ...frames].join("\n");
  expect(withoutOwnFrames(stack)).toEqual({ text: own.join("\n"), leftOut: 2 * others.length });
  expect(withoutOwnFrames(own.join("\n"))).toEqual({ text: own.join("\n"), leftOut: 0 });
});
