import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "./markdown.js";

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const cli = join(root, "dist/esm/cli/main.js");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** What the examples import, or the pages name beside this package. */
const BESIDE = ["zod", "ts-jest", "@types/jest"];
const PRISMA = ["prisma", "@prisma/client", "@prisma/adapter-pg"];

/** The commands of a `sh` block, without comments and environment: each as its words. */
export function commandsOf(text: string): readonly (readonly string[])[] {
  return text
    .split(/\n|&&/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word)));
}

/** What is wrong with a command of npm, or of a program that cannot be run in a test. */
export function findCommandFault([program, first = "", ...rest]: readonly string[]): string | undefined {
  if (program === "npm" && first === "test") return findScriptFault("test");
  if (program === "npm" && first === "run") return findScriptFault(rest[0] ?? "");
  if (program === "npm" && first === "install") return findPackageFault(rest);
  if (program === "npx" && first === "ex-event-bus") return findCliFault(rest);
  return `nothing is known of "${[program, first].join(" ")}"`;
}

/** A script of package.json whose file is there. */
function findScriptFault(name: string): string | undefined {
  const script = manifest.scripts[name];
  if (script === undefined) return `package.json has no script "${name}"`;
  const missing = script
    .split(/\s+/)
    .find((word) => /^[\w-]+\/.*\.m?ts$/.test(word) && !existsSync(join(root, word)));
  return missing === undefined ? undefined : `the script "${name}" runs ${missing}, which is not there`;
}

/** A command of the built command line tool that is there, with options that it has. */
function findCliFault([command = "", ...words]: readonly string[]): string | undefined {
  const { stdout, status } = spawnSync(process.execPath, [cli, command, "--help"], { encoding: "utf8" });
  if (status !== 0) return `ex-event-bus has no command "${command}"`;
  const unknown = words.find((word) => word.startsWith("--") && !stdout.includes(word));
  return unknown === undefined ? undefined : `ex-event-bus ${command} has no option "${unknown}"`;
}

/** Installing the package brings along what it needs to run and does not install by itself. */
function findPackageFault(words: readonly string[]): string | undefined {
  const given = words.filter((word) => !word.startsWith("-"));
  const names = given.map((word) => word.replace(/(?<=.)@[^/]*$/, ""));
  const known = ["ex-event-bus", ...PRISMA, ...BESIDE, ...Object.keys(manifest.peerDependencies)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    return `"${unknown}" is neither this package nor one of its peers, nor used by the pages`;
  // The next version of it has no extensions.
  const open = given.find((word) => PRISMA.includes(word));
  if (open !== undefined) return `"${open}" needs @7 behind it`;
  if (names.includes("ex-event-bus") && !names.includes("@prisma/client"))
    return "@prisma/client@7 is missing";
  if (names.includes("ex-event-bus") && !names.includes("graphile-worker"))
    return "graphile-worker is missing";
  return undefined;
}
