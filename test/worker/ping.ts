import { z } from "zod";

import { defineEvent } from "../../src/registry/define-event.js";

/** The event of the workers' tests. */
export const Ping = defineEvent("Ping", { schema: z.object({ n: z.number() }) });
