import { describe, expect, it } from "vitest";

import { sampleOf } from "../support/amount.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";
import { root, tsconfig, writeApp } from "./written-app.js";

const { url, pool } = await workerFixture();
const cli = await buildCli();

const plain = "{ prisma: {}, subscribers: [] }";

/** As compilers write a default export in CommonJS. */
const compiled = `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.default = ${plain};`;

/** The message of a command that fails. */
const failure = async (
  files: Record<string, string>,
  env: Record<string, string> = { DATABASE_URL: url },
  args = ["status"],
) => {
  const cwd = writeApp(files);
  const { code, stdout, stderr } = await cli(args, { cwd, env }).result();
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  return stderr.replaceAll(cwd, "FOLDER").trim();
};

describe("the configuration", () => {
  it("may be TypeScript, with paths of tsconfig.json, a generated Prisma client and .env", async () => {
    const cwd = writeApp({
      ".env": `DATABASE_URL=${url}\n`,
      "tsconfig.json": tsconfig({ "@/*": ["./src/*"], "@client/*": [`${root}prisma/generated/client/*`] }),
      "src/db.ts": `
        import { PrismaPg } from "@prisma/adapter-pg";
        import { PrismaClient } from "@client/client";
        export enum Kind { Ping = "Ping" }
        export const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env["DATABASE_URL"] }) });`,
      "src/subscribers.ts": `
        import { z } from "zod";
        import { defineEvent, defineSubscriber } from "ex-event-bus";
        import { Kind, type prisma as Client } from "./db.js";
        const Ping = defineEvent(Kind.Ping, { schema: z.object({ n: z.number() }) });
        export const counts = defineSubscriber({
          name: "counts",
          events: [Ping],
          async handle(event, ctx) {
            const prisma = ctx.prisma as typeof Client;
            await prisma.user.create({ data: { email: "by-handler@example.com" } });
          },
        });`,
      "ex-event-bus.config.ts": `
        import { defineConfig } from "ex-event-bus";
        import { prisma } from "@/db";
        export default defineConfig({ prisma, subscribers: async () => [(await import("@/subscribers")).counts] });`,
    });
    const worker = cli(["worker"], { cwd });
    await worker.line({ message: "The worker is ready." });
    await pool.query(`select event_bus.publish(name => 'Ping', aggregate => '{"n":1}')`);
    await worker.line({ message: "Delivered." });
    const { rows } = await pool.query("select email from users");
    expect(rows).toEqual([{ email: "by-handler@example.com" }]);
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
  });

  it.each([
    ["ex-event-bus.config.mjs", `export default ${plain}`],
    ["ex-event-bus.config.cjs", `module.exports = ${plain}`],
    ["ex-event-bus.config.js", `module.exports = ${plain}`],
    ["ex-event-bus.config.mts", `export default ${plain} satisfies object`],
    ["ex-event-bus.config.js", compiled],
    ["ex-event-bus.config.cjs", compiled],
  ])("may be %s, also without defineConfig", async (name, text) => {
    const cwd = writeApp({ [name]: text });
    const { code, stdout } = await cli(["status"], { cwd, env: { DATABASE_URL: url } }).result();
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("npx ex-event-bus migrate"),
    });
  });

  // What tsc, swc and `nest build` make of `export default` and of `import()`.
  it.each(["js", "cjs"])(
    "may have been compiled to CommonJS, with its subscribers (.%s)",
    async (extension) => {
      const event = { js: "Compiled", cjs: "CompiledToo" }[extension];
      const cwd = writeApp({
        "package.json": '{ "type": "commonjs" }',
        "tsconfig.json": tsconfig(),
        [`subscribers.${extension}`]: `"use strict";
        Object.defineProperty(exports, "__esModule", { value: true });
        exports.said = exports.helper = void 0;
        const ex_event_bus_1 = require("ex-event-bus");
        const Event = (0, ex_event_bus_1.defineEvent)("${event}", { schema: { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } } });
        const helper = () => 1;
        exports.helper = helper;
        exports.said = (0, ex_event_bus_1.defineSubscriber)({ name: "said-${extension}", events: [Event], handle: () => undefined });`,
        [`ex-event-bus.config.${extension}`]: `"use strict";
        Object.defineProperty(exports, "__esModule", { value: true });
        const ex_event_bus_1 = require("ex-event-bus");
        exports.default = (0, ex_event_bus_1.defineConfig)({
          prisma: {},
          application: "compiled-${extension}",
          subscribers: () => Promise.resolve().then(() => require("./subscribers.${extension}")),
        });`,
      });
      const worker = cli(["worker"], { cwd, env: { DATABASE_URL: url } });
      await worker.line({ message: "The worker is ready." });
      await pool.query("select event_bus.publish(name => $1, aggregate => '{}')", [event]);
      await worker.line({ message: "Delivered." });
      worker.kill("SIGTERM");
      expect(await worker.exit).toBe(0);
    },
  );

  // Templates of mails often are, and a subscriber that sends mail imports them.
  it("may import JSX", async () => {
    const cwd = writeApp({
      "tsconfig.json": tsconfig(),
      "jsx-runtime.ts": "export const jsx = (type: string, props: object) => ({ type, props });",
      "mail.tsx": "/** @jsxImportSource . */\nexport const mail = (name: string) => <p>{name}</p>;",
      "ex-event-bus.config.ts": `
        import { mail } from "./mail";
        const same = <T>(value: T) => value;
        if (same(<any>mail("Ada")).props.children !== "Ada") throw new Error("no JSX");
        export default ${plain};`,
    });
    const { code, stderr } = await cli(["status"], { cwd, env: { DATABASE_URL: url } }).result();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("may be named, and have the URL of the database", async () => {
    const text = `export default { prisma: {}, subscribers: [], database: { url: ${JSON.stringify(url)} } }`;
    const cwd = writeApp({ "conf/bus.mjs": text });
    const { code } = await cli(["--config", "conf/bus.mjs", "status"], { cwd }).result();
    expect(code).toBe(0);
  });

  it("is read after .env, of which nothing overrides the environment", async () => {
    const cwd = writeApp({
      ".env": "DATABASE_URL=postgresql://nobody@127.0.0.1:1/nowhere\nFROM_FILE=yes",
      "ex-event-bus.config.mjs": `if (process.env.FROM_FILE !== "yes") throw new Error("not read");\nexport default ${plain}`,
    });
    const { code, stderr } = await cli(["status"], { cwd, env: { DATABASE_URL: url } }).result();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("a wrong configuration", () => {
  it.each([
    [
      "is missing",
      {},
      "error: There is no configuration in FOLDER: expected ex-event-bus.config.ts (or .mts, .js, .mjs, .cjs). Create " +
        "one, run the command in the folder that has it, or name it with --config. (CONFIG_NOT_LOADED)",
    ],
    [
      "throws",
      { "ex-event-bus.config.mjs": 'throw new Error("no secret in the vault")' },
      "error: The configuration FOLDER/ex-event-bus.config.mjs cannot be loaded: " +
        "ex-event-bus.config.mjs:1: no secret in the vault (CONFIG_NOT_LOADED)",
    ],
    [
      "has no default export",
      { "ex-event-bus.config.mjs": `export const config = ${plain}` },
      "error: The configuration FOLDER/ex-event-bus.config.mjs has no default export. Expected: export default " +
        "defineConfig({ prisma, subscribers }) (CONFIG_NOT_LOADED)",
    ],
    [
      "has an unknown option",
      { "ex-event-bus.config.mjs": "export default { prisma: {}, subscribers: [], workers: {} }" },
      'error: ex-event-bus.config.mjs: unknown option "workers" in defineConfig(): did you mean "worker"? (INVALID_OPTION)',
    ],
  ])("%s: one message, no stack", async (_, files, message) => {
    expect(await failure(files)).toBe(message);
  });

  const importing = (path: string) => `// first\nimport { b } from "${path}";\nexport default { b };`;
  const mistakes = [
    [
      "a syntax error",
      { "ex-event-bus.config.ts": "export default {\n  prisma: {,\n};" },
      "ex-event-bus.config.ts:2:12: Unexpected token",
    ],
    [
      "a syntax error in a file that it imports",
      {
        "ex-event-bus.config.ts": importing("./src/db.js"),
        "src/db.ts": "export const a = 1;\nexport const b = = 2;",
      },
      "src/db.ts:2:18: Unexpected token",
    ],
    [
      "an import that is not found",
      { "ex-event-bus.config.ts": importing("./src/db.js"), "src/db.ts": importing("./gone.js") },
      "src/db.ts:2: Cannot find module './gone.js'",
    ],
    [
      "an import of TypeScript in what was compiled",
      { "ex-event-bus.config.js": importing("./client.js"), "client.js": importing("./internal/class.ts") },
      "client.js:2: Cannot find module './internal/class.ts'. Compilers do not change this import. If Prisma generated the " +
        'file, write tsconfig.json before you run prisma generate, or set importFileExtension = "js" in the generator of ' +
        "the schema",
    ],
    [
      "a package that is not installed",
      { "ex-event-bus.config.mjs": importing("no-such-package/at-all") },
      "ex-event-bus.config.mjs:2: Cannot find module 'no-such-package/at-all'",
    ],
    [
      "an import that throws",
      {
        "ex-event-bus.config.ts": importing("./src/my db.js"),
        "src/my db.ts":
          'const open = () => {\n  throw new TypeError("no\\nsecret");\n};\nexport const b = open();',
      },
      "src/my db.ts:2: no\nsecret",
    ],
  ] as const;
  it.each(sampleOf(mistakes, 3))("has %s: the message says where", async (_, files, where) => {
    const name = Object.keys(files)[0];
    expect(await failure(files)).toBe(
      `error: The configuration FOLDER/${name} cannot be loaded: ${where} (CONFIG_NOT_LOADED)`,
    );
  });

  it("has a mistake in the subscribers that it loads later", async () => {
    const files = {
      "ex-event-bus.config.ts":
        'export default { prisma: {}, subscribers: async () => Object.values(await import("./subscribers.js")) };',
      "subscribers.ts": "export const one = = 1;",
    };
    expect(await failure(files, undefined, ["worker", "--log", "pretty"])).toBe(
      "error: The configuration FOLDER/ex-event-bus.config.ts cannot be loaded: subscribers.ts:1:20: Unexpected token " +
        "(CONFIG_NOT_LOADED)",
    );
  });

  it("is not found under the name that is given", async () => {
    const message = await failure({}, {}, ["status", "--config", "there.ts"]);
    expect(message).toBe(
      "error: The configuration FOLDER/there.ts does not exist. Correct --config. (CONFIG_NOT_LOADED)",
    );
  });

  const url = '"postgres://user:hidden@localhost/db"';
  const misplaced = [
    `databaseUrl: ${url}`,
    `database: ${url}`,
    `database: { schema: ${url} }`,
    `worker: { url: ${url} }`,
  ].flatMap((option): [string, ...string[]][] => [[option], [option, "--verbose"]]);
  it.each(sampleOf(misplaced, 4))(
    "does not show a connection string at a wrong place, %s %s",
    async (options, ...more) => {
      const code = `export default { prisma: {}, subscribers: [], ${options} };`;
      const said = await failure({ "ex-event-bus.config.ts": code }, {}, ["status", ...more]);
      expect(said).toContain("INVALID_OPTION");
      expect(said).not.toContain("hidden");
    },
  );

  it("is shown with the stack with --verbose", async () => {
    const files = { "ex-event-bus.config.mjs": 'throw new Error("no secret")' };
    expect(await failure(files, {}, ["status", "--verbose"])).toMatch(
      /\n {4}at .*\n[\s\S]*\[cause\]: Error: no secret/,
    );
  });
});

describe("a database that cannot be used", () => {
  const files = { "ex-event-bus.config.mjs": `export default ${plain}` };

  it("is not named at all", async () => {
    expect(await failure(files, {})).toBe(
      "error: There is no database: database.url is not given and DATABASE_URL is not set. Expected " +
        '"postgresql://…" in one of them: in defineConfig(), in the environment or in a file .env here. (INVALID_OPTION)',
    );
  });

  it.each(["status", "migrate"])(
    "does not answer: %s says which one, and not with which password",
    async (command) => {
      const env = { DATABASE_URL: "postgresql://ann:secret@127.0.0.1:1/shop" };
      const message = await failure(files, env, ["--log", "pretty", command]);
      expect(message).toContain(
        'error: The database "shop" at 127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1.',
      );
      expect(message).not.toContain("secret");
    },
  );

  it("has no schema", async () => {
    const server = new URL(url);
    server.pathname = "/postgres";
    const message = await failure(files, { DATABASE_URL: server.href });
    expect(message).toContain(
      `The event bus is not installed in schema "event_bus" of the database "postgres" at ${server.host} (or`,
    );
    expect(message).toContain("Run: npx ex-event-bus migrate (SCHEMA_MISSING)");
  });
});
