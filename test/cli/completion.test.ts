import { execFileSync, spawnSync } from "node:child_process";

import { Command, Option } from "commander";
import { beforeEach, describe, expect, it } from "vitest";

import { treeOf } from "../../src/cli/command-tree.js";
import { bashScript } from "../../src/cli/completion-scripts.js";
import { leaveOutPart, skipWithout } from "../support/left-out.js";
import { buildCli } from "./built-cli.js";

const cli = await buildCli();
const has = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;

/** What bash offers for the last word of a line. */
function offered(script: string, line: string): readonly string[] {
  const words = line.split(" ");
  const ask = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_ex_event_bus; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const found = execFileSync("bash", ["--norc", "-c", ask], { encoding: "utf8" });
  return found.split("\n").filter(Boolean).sort();
}

describe("completion bash", () => {
  beforeEach((context) => skipWithout(context, has("bash"), "There is no bash"));

  it("offers the commands and options that there are", async () => {
    const { code, stdout, stderr } = await cli(["completion", "bash"], {}).result();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const of = (line: string) => offered(stdout, line);
    expect(of("ex-event-bus re")).toEqual(["redrive", "resume"]);
    expect(of("ex-event-bus --config x dead ")).toEqual(expect.arrayContaining(["discard", "list", "show"]));
    expect(of("ex-event-bus dead list --su")).toEqual(["--subscriber"]);
    expect(of("ex-event-bus dead list --lo")).toEqual(["--log"]);
    expect(of("ex-event-bus dead list --log ")).toEqual(["json", "pretty"]);
    expect(of("ex-event-bus deliveries --state d")).toEqual(["dead", "delivered"]);
    expect(of("ex-event-bus completion ")).toEqual(expect.arrayContaining(["bash", "fish", "zsh"]));
    expect(of("ex-event-bus events --aggregate-key ")).toEqual([]);
  });

  it("is made of whatever tree of commands there is", () => {
    const odd = new Command("x")
      .addOption(new Option("--say <what>", "it's $(false)").choices(["yes", "no"]))
      .addCommand(new Command("deep").addCommand(new Command("deeper").option("--down")));
    const of = (line: string) => offered(bashScript(treeOf(odd)), line);
    expect(of("x --s")).toEqual(["--say"]);
    expect(of("x --say n")).toEqual(["no"]);
    expect(of("x deep deeper --d")).toEqual(["--down"]);
    expect(of("x deeper --d")).toEqual([]);
  });
});

describe.each(["zsh", "fish"])("completion %s", (shell) => {
  it("names every command and option, in what the shell can read", async (context) => {
    const { code, stdout } = await cli(["completion", shell], {}).result();
    expect(code).toBe(0);
    for (const word of ["redrive", "completion", "discard", "health-port", "older-than"])
      expect(stdout).toContain(word);
    if (has(shell)) execFileSync(shell, ["--no-execute"], { input: stdout });
    else await leaveOutPart(context, `There is no ${shell}, which would read the script`);
  });
});
