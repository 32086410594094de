import { vi } from "vitest";

import { describeContract } from "./contract.js";

vi.mock("graphile-worker", () => import("graphile-worker-0.18"));

await describeContract("0.18.0", 20);
