import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";

import type { TestProject } from "vitest/node";

import { findInstalled, INSTALLED_FILES, NONE_INSTALLED } from "./installed-postgres.js";
import { linesOfLeftOut, linesOfSlow } from "./left-out.js";
import { databaseServer } from "./server.js";
import { prepareTemplate } from "./template.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** The server for all test files, and the database that theirs are copies of. */
    server: { readonly url: string; readonly template: string };
  }
}

/** Runs once, before all test files: generated clients, one server, one template database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [fileURLToPath(new URL("../../prisma/generate.mjs", import.meta.url))], {
    stdio: "inherit",
  });
  const server = await databaseServer();
  const template = `ex_event_bus_template_${randomUUID()}`;
  const teardown = async () => {
    await sayWhatIsLeftOut(project);
    await server.dropDatabase(template);
    await server.stop();
  };
  try {
    await prepareTemplate(await server.createDatabase(template));
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("server", { url: server.url, template });
  return teardown;
}

/**
 * What this machine has not got, and what other commands run, at the end of the run: one that passes is not taken for more
 * than it is.
 */
async function sayWhatIsLeftOut(project: TestProject): Promise<void> {
  const modules = project.vitest.state
    .getTestModules()
    .filter((module) => module.project.name === project.name);
  const { testFiles } = await project.globTestFiles();
  for (const line of linesOfLeftOut(modules)) console.log(line);
  // Who names files has not asked for the rest.
  if (modules.length < testFiles.length) return;
  if (project.name === "slow") return;
  for (const line of linesOfSlow(project.vitest.projects.map(({ name }) => name))) console.log(line);
  console.log(
    findInstalled() === undefined
      ? NONE_INSTALLED
      : `Not part of this run: ${INSTALLED_FILES.join(", ")} on the installed PostgreSQL: npm run test:installed.`,
  );
}
