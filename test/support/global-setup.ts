import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";

import type { TestProject } from "vitest/node";

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
