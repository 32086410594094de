import { createHash } from "node:crypto";

import { checkGiven } from "./functions/check-given.js";
import { claim } from "./functions/claim.js";
import { jobs } from "./functions/jobs.js";
import { keepSubscription } from "./functions/keep-subscription.js";
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
 * All functions of the schema, and the triggers that call them, as this version of the package needs them. `migrate` makes
 * them anew where it finds others, after the migrations: so each stands in one file, and a change of it is a change there.
 * What workers of the version before call must go on working, or a migration that says so comes with it.
 */
export const FUNCTIONS: string = [
  ...[keepSubscription, jobs, transition, checkGiven, publish, load, settle, claim],
  ...[subscribe, operate, wake, maintenance, prune],
].join("");

/** By what functions are told apart from those of another version. */
export function hashOf(functions: string): string {
  return createHash("sha256").update(functions).digest("hex");
}
