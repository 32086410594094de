import { describeContract } from "./contract.js";

await describeContract("0.17.3", 19);
