import { describe, expect, it } from "vitest";

import { completeExample, exportedNames, promisedLogs } from "./example-module.js";

describe("exportedNames", () => {
  it("names values, and no types", () => {
    const text =
      "export const a = 1, { b, c: [d] } = x;\nexport function e() {}\nexport type F = 1;\nconst g = 2;";
    expect(exportedNames(text)).toEqual(["a", "b", "d", "e"]);
  });
});

describe("completeExample", () => {
  const application = new Map([
    ["prisma", "./db.js"],
    ["UserRegistered", "./events.js"],
  ]);

  it("imports what an example uses of the application", () => {
    expect(completeExample("isEvent(x, UserRegistered);\nawait prisma.user.count();\n", application)).toBe(
      'import { UserRegistered } from "./events.js"; import { prisma } from "./db.js";\n' +
        "isEvent(x, UserRegistered);\nawait prisma.user.count();\n",
    );
  });

  it.each([
    'import { prisma } from "elsewhere";\nprisma;',
    "const prisma = 1;\nprisma;",
    "x.prisma; y = { prisma: 1 };",
  ])("imports nothing for %j", (text) => {
    expect(completeExample(text, application)).toBe(`\n${text}`);
  });

  it("imports what is passed on by a short name", () => {
    expect(completeExample("run({ prisma });", application)).toContain('import { prisma } from "./db.js";');
  });
});

describe("promisedLogs", () => {
  it("finds the comment behind each call, and calls without one", () => {
    expect(promisedLogs("console.log(f(1)); // 1 // 2\n  console.log(2);\nlog(3); // 3")).toEqual([
      "1 // 2",
      undefined,
    ]);
  });
});
