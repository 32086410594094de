import { createHash } from "node:crypto";

import { capture } from "./functions/capture.js";
import { checkGiven } from "./functions/check-given.js";
import { claim } from "./functions/claim.js";
import { jobs } from "./functions/jobs.js";
import { load } from "./functions/load.js";
import { maintenance } from "./functions/maintenance.js";
import { operate } from "./functions/operate.js";
import { prune } from "./functions/prune.js";
import { publish } from "./functions/publish.js";
import { settle } from "./functions/settle.js";
import { subscribe } from "./functions/subscribe.js";
import { transition } from "./functions/transition.js";
import { wake } from "./functions/wake.js";

/**
 * All functions of the schema, and the triggers that call them. If the database has other functions, `migrate` re-creates all
 * of them after the migrations. Therefore each function stands in one file, and is changed there. Workers of the version before
 * must be able to call the changed function; otherwise add a migration that says so.
 */
export const FUNCTIONS: string = [
  ...[jobs, transition, checkGiven, publish, capture, load, settle, claim],
  ...[subscribe, operate, wake, maintenance, prune],
].join("");

/** Identifies the functions of one version of the package. */
export function hashOf(functions: string): string {
  return createHash("sha256").update(functions).digest("hex");
}
