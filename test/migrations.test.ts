import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { MIGRATIONS } from "../src/outbox/migrations.js";
import { describeSchema } from "./outbox/describe-schema.js";
import { testDatabase } from "./support/database.js";

describe("prisma/migrations", () => {
  it("lead to prisma/schema.prisma", async () => {
    const script = fileURLToPath(new URL("../prisma/make-migration.mts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script, "--check"], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      stdio: ["ignore", "ignore", "pipe"],
    });
    const closed = once(child, "close");
    let complaint = "";
    for await (const chunk of child.stderr) complaint += String(chunk);
    expect((await closed)[0], complaint).toBe(0);
  });
});

/** A migration that was released is in databases: it is not changed any more, and each has its hash here. */
const FROZEN: Readonly<Record<string, string>> = {
  "0001-init": "a12424712c6e874bed985eff96c16b2e5c4b8584fef536ec2c2455216b0c00f7",
};

const folder = new URL("../src/outbox/migrations/", import.meta.url);
const fileOf = (id: number, name: string) => `${String(id).padStart(4, "0")}-${name}`;
const files = readdirSync(folder).map((name) => name.replace(/\.ts$/, ""));

describe("src/outbox/migrations", () => {
  it("are numbered without a gap, and each says which programs go on with it", () => {
    expect(files.sort()).toEqual(MIGRATIONS.map(({ id, name }) => fileOf(id, name)));
    expect(MIGRATIONS.map(({ id }) => id)).toEqual(MIGRATIONS.map((_, index) => index + 1));
    for (const { id, compatibleWith } of MIGRATIONS) expect(compatibleWith).toBeLessThanOrEqual(id);
  });

  it.each(files)("%s is one text that depends on nothing else", (file) => {
    const text = readFileSync(new URL(`${file}.ts`, folder), "utf8");
    expect(text).toMatch(/^(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export const \w+ = \/\* sql \*\/ `[^`]*`;\n$/);
    expect(text).not.toContain("${");
    // Those stand in src/outbox/functions, from where they are made anew.
    expect(text).not.toMatch(/\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure|trigger)\b/i);
  });

  it.each(MIGRATIONS)("$name is as it was released", ({ id, name, sql }) => {
    const hash = createHash("sha256").update(sql).digest("hex");
    expect(
      hash,
      "A migration was changed that may be in databases already. Take the change back, and add a new migration. " +
        "Only what no release has had yet may be changed, and its hash here with it.",
    ).toBe(FROZEN[fileOf(id, name)]);
  });

  it("lead, with the functions, to the schema in test/outbox/schema.txt", async () => {
    const path = new URL("outbox/schema.txt", import.meta.url);
    const { pool } = await testDatabase();
    const schema = await describeSchema(pool);
    if (process.env["UPDATE_SCHEMA"] === "1") writeFileSync(path, schema);
    expect(
      schema,
      "The schema is not what test/outbox/schema.txt says. If that is meant: UPDATE_SCHEMA=1 npx vitest run test/migrations.test.ts",
    ).toBe(readFileSync(path, "utf8"));
  });
});
