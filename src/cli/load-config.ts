import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { config as readEnvironment } from "dotenv";
import { createJiti } from "jiti";

import { EventBusError, isEventBusError } from "../errors.js";
import { type ConfigOptions, defineConfig, type EventBusConfig } from "../registry/define-config.js";
import { loadFailure } from "./load-failure.js";

const NAMES = ["ts", "mts", "js", "mjs", "cjs"].map((extension) => `ex-event-bus.config.${extension}`);

/** Mail templates in JSX do not import React, so the automatic runtime is needed. */
const JITI = { tsconfigPaths: true, jsx: { runtime: "automatic" } } as const;

/**
 * Loads `.env` of the current folder, without overriding the environment, and then the configuration of the application. The
 * configuration can be TypeScript, an ES module or CommonJS, and can use the `paths` of tsconfig.json.
 *
 * @throws EventBusError `CONFIG_NOT_LOADED`, `INVALID_OPTION`, `DUPLICATE_NAME`. The message names the file.
 */
export async function loadConfig(named: string | undefined): Promise<EventBusConfig> {
  const folder = process.cwd();
  readEnvironment({ path: join(folder, ".env"), quiet: true });
  const file = findConfig(named, folder);
  let loaded: unknown;
  try {
    loaded = defaultOf(await createJiti(file, JITI).import(file, { default: true }));
  } catch (error) {
    throw explained(error, file);
  }
  try {
    // Checked again: another version of the package may have checked it, or it may not use defineConfig.
    return explaining(defineConfig(loaded as ConfigOptions), file);
  } catch (error) {
    if (isEmptyModule(loaded))
      throw notLoaded(`The configuration ${file} has no default export. ${EXPECTED}`);
    throw isEventBusError(error) ? atFile(error, file) : error;
  }
}

const EXPECTED = "Expected: export default defineConfig({ prisma, subscribers })";

function findConfig(named: string | undefined, folder: string): string {
  if (named !== undefined) {
    const file = resolve(folder, named);
    if (existsSync(file)) return file;
    throw notLoaded(`The configuration ${file} does not exist. Correct --config.`);
  }
  const found = NAMES.map((name) => join(folder, name)).find(existsSync);
  if (found !== undefined) return found;
  throw notLoaded(
    `There is no configuration in ${folder}: expected ${NAMES[0]} (or .mts, .js, .mjs, .cjs). Create one, run the ` +
      "command in the folder that has it, or name it with --config.",
  );
}

/** In a module that was compiled to CommonJS, the default export is a property of the exports. */
function defaultOf(loaded: unknown): unknown {
  if (!isEmptyModule(loaded) || typeof loaded !== "object" || loaded === null) return loaded;
  return "default" in loaded ? loaded.default : loaded;
}

/** Whether the loaded value is no configuration: without a default export, jiti returns the module itself. */
function isEmptyModule(loaded: unknown): boolean {
  return typeof loaded !== "object" || loaded === null || !("subscribers" in loaded || "prisma" in loaded);
}

/** Adds the name of the file to the errors of subscribers that are loaded later, too. */
function explaining(config: EventBusConfig, file: string): EventBusConfig {
  const { subscribers } = config;
  if (typeof subscribers !== "function") return config;
  const load = async () => {
    try {
      return await subscribers();
    } catch (error) {
      throw explained(error, file);
    }
  };
  return { ...config, subscribers: load };
}

function explained(error: unknown, file: string): EventBusError {
  if (isEventBusError(error)) return atFile(error, file);
  return notLoaded(`The configuration ${file} cannot be loaded: ${loadFailure(error, process.cwd())}`, error);
}

function atFile(error: EventBusError, file: string): EventBusError {
  const { code, message, value, path } = error;
  return new EventBusError(code, `${basename(file)}: ${message}`, {
    cause: error,
    ...(value === undefined ? {} : { value }),
    ...(path === undefined ? {} : { path }),
  });
}

function notLoaded(message: string, cause?: unknown): EventBusError {
  return new EventBusError("CONFIG_NOT_LOADED", message, cause === undefined ? {} : { cause });
}
