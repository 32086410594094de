import { bulkCalls } from "./bulk-calls.js";
import type { Call } from "./call.js";
import { capturedBulkCalls } from "./captured-bulk-calls.js";
import { createCalls } from "./create-calls.js";
import { deleteCalls, fluentCalls, readCalls, transactionCalls } from "./other-calls.js";
import { updateCalls } from "./update-calls.js";
import { upsertCalls } from "./upsert-calls.js";

/** Every call whose outcome is compared with and without the extension. */
export const allCalls: readonly Call[] = [
  ...createCalls,
  ...updateCalls,
  ...upsertCalls,
  ...deleteCalls,
  ...bulkCalls,
  ...capturedBulkCalls,
  ...fluentCalls,
  ...readCalls,
  ...transactionCalls,
];
