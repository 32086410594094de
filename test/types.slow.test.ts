import { describeTypes } from "./support/type-tests.js";

// The compiler before the native one takes ten times as long.
describeTypes("typescript5");
