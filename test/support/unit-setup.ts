import { linesOfCounts, readCounts } from "./executed-counts.js";

/** Says after the unit tests what operations execute; test/executed-files.test.ts counts it. */
export default function setup(): () => void {
  return () => {
    for (const line of linesOfCounts(readCounts())) console.log(line);
  };
}
