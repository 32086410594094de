import { afterAll } from "vitest";

import { takeWarnings } from "./find-warnings.js";

// Runs before each test file. What Node, pg and others warn of is a mistake today or an error in their next version.
afterAll(async () => {
  // Node emits them a tick later.
  await new Promise(setImmediate);
  const warnings = takeWarnings();
  if (warnings.length > 0)
    throw new Error(`Node warned while this test file ran:\n\n${warnings.join("\n\n")}`);
});
