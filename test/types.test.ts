import { describeTypes } from "./support/type-tests.js";

describeTypes("typescript");
