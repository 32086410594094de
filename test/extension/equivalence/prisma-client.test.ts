import { describe } from "vitest";

import { openBus, openClient } from "../support/clients.js";
import { allCalls } from "./all-calls.js";
import { comparesCalls } from "./compare.js";

describe("with the generator prisma-client, the same with and without the extension:", async () => {
  await comparesCalls({ plain: (url) => openClient(url), extended: (url) => openBus(url) }, allCalls);
});
