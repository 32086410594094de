import { checkGiven } from "./0001-init/check-given.js";
import { claim } from "./0001-init/claim.js";
import { jobs } from "./0001-init/jobs.js";
import { keepHouse } from "./0001-init/keep-house.js";
import { load } from "./0001-init/load.js";
import { operate } from "./0001-init/operate.js";
import { prune } from "./0001-init/prune.js";
import { publish } from "./0001-init/publish.js";
import { settle } from "./0001-init/settle.js";
import { subscribe } from "./0001-init/subscribe.js";
import { tables } from "./0001-init/tables.js";
import { transition } from "./0001-init/transition.js";
import { wake } from "./0001-init/wake.js";

/**
 * Tables, publishing, loading, settling, claiming, subscribing, operating. `:BUS` and `:WORKER` stand for the escaped names of
 * the two schemas, `:BUS_TEXT` and `:WORKER_TEXT` for the same as texts.
 */
export const init = /* sql */ `${tables}${jobs}${transition}${checkGiven}${publish}${load}${settle}${claim}${subscribe}${operate}${wake}${keepHouse}${prune}
revoke all on all functions in schema :BUS from public;
`;
