import { describe, expect, it } from "vitest";

import { FUNCTIONS } from "../src/outbox/functions.js";
import { readSources, type SourceFile } from "./support/source-files.js";
import {
  findCycles,
  findImportsPastDoors,
  findPrivateNames,
  findSql,
  findUpwardImports,
  findUpwardRooms,
  layerOf,
  reachablePackages,
} from "./support/source-rules.js";
import { ADDS_JOBS, findAll, functionsOf, statementsOf, WRITES_DELIVERIES } from "./support/sql-rules.js";

// Which part of src/ may know which. The order of the layers is in support/source-rules.ts.
const files = readSources();

const pathsOf = (some: readonly SourceFile[]) => some.map(({ path }) => path);
const importersOf = (name: string, atRunTime: boolean) =>
  files.filter(({ imports }) =>
    imports.some(({ target, isTypeOnly }) => target === name && !(atRunTime && isTypeOnly)),
  );

describe("imports", () => {
  it("go down only, and never between extension, worker and testing", () => {
    expect(findUpwardImports(files)).toEqual([]);
  });

  it("go down only between the folders of the extension", () => {
    expect(findUpwardRooms(files)).toEqual([]);
  });

  it("have no cycles", () => {
    expect(findCycles(files)).toEqual([]);
  });

  it("come into a room by its doors", () => {
    expect(findImportsPastDoors(files)).toEqual([]);
  });

  it("name files that exist", () => {
    const known = new Set(pathsOf(files));
    const missing = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ isOwn, target }) => isOwn && !known.has(target))
        .map(({ target }) => `${path}: ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it("re-export only in entries", () => {
    const barrels = files.filter(
      ({ path, imports }) => layerOf(path) !== "entry" && imports.some(({ isReExport }) => isReExport),
    );
    expect(pathsOf(barrels)).toEqual([]);
  });
});

describe("graphile-worker", () => {
  it("is imported in src/worker/graphile only, types too", () => {
    const others = importersOf("graphile-worker", false).filter(
      ({ path }) => !path.startsWith("src/worker/graphile/"),
    );
    expect(pathsOf(others)).toEqual([]);
  });

  it("has private tables and a channel that are named in the two folders of the contract only", () => {
    const isIn = (path: string) => /^src\/(?:outbox|worker)\/graphile\//.test(path);
    const naming = files.filter(({ literals }) =>
      literals.some((text) => /\b_private_\w|\bjobs:insert\b/.test(text)),
    );
    expect(pathsOf(naming).filter((path) => !isIn(path))).toEqual([]);
    // The rule finds them where they are.
    expect(pathsOf(naming).length).toBeGreaterThan(5);
  });

  const lightEntries = pathsOf(files).filter((path) =>
    /^src\/(index|admin|otel|testing|testing\/postgres|jest|vitest)\.ts$/.test(path),
  );
  it.each(lightEntries)("is not loaded by %s", (entry) => {
    expect(reachablePackages(files, entry)).not.toContain("graphile-worker");
  });
});

describe("test runners", () => {
  it("are loaded each by its own entry, and by no other", () => {
    const runners = ["vitest", "@jest/globals"];
    const loaded = pathsOf(files)
      .filter((path) => layerOf(path) === "entry")
      .map((path) => [path, runners.filter((name) => reachablePackages(files, path).has(name))] as const);
    expect(Object.fromEntries(loaded.filter(([, names]) => names.length > 0))).toEqual({
      "src/jest.ts": ["@jest/globals"],
      "src/vitest.ts": ["vitest"],
    });
  });
});

describe("Prisma", () => {
  it("is loaded by extension only, and by the codec for decimal numbers", () => {
    const others = importersOf("@prisma/client", true).filter(
      ({ path }) => layerOf(path) !== "extension" && path !== "src/codec/decimal.ts",
    );
    expect(pathsOf(others)).toEqual([]);
  });

  it("is known by what it does not document in src/extension/prisma only", () => {
    const others = files.filter(
      ({ path }) => layerOf(path) === "extension" && !path.startsWith("src/extension/prisma/"),
    );
    expect(others.flatMap(findPrivateNames)).toEqual([]);
  });

  it("is reached by transactions, and these by what is above: the two lowest folders of the extension", () => {
    const isIn = (path: string, folder: string) => path.startsWith(`src/extension/${folder}/`);
    const upward = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ isOwn, target }) => {
          if (!isOwn || layerOf(target) !== "extension") return false;
          if (isIn(path, "prisma")) return !isIn(target, "prisma");
          return isIn(path, "transactions") && !isIn(target, "prisma") && !isIn(target, "transactions");
        })
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });
});

describe("OpenTelemetry", () => {
  it("is imported by its own entry only, types too", () => {
    const others = importersOf("@opentelemetry/api", false).filter(({ path }) => layerOf(path) !== "otel");
    expect(pathsOf(others)).toEqual([]);
  });
});

describe("SQL", () => {
  it("is in outbox only, in triggers, and in the helper that creates databases for tests", () => {
    const others = files.filter(
      ({ path }) =>
        !["outbox", "triggers"].includes(layerOf(path)) && path !== "src/testing/postgres-databases.ts",
    );
    expect(others.flatMap(findSql)).toEqual([]);
  });
});

describe("the state of deliveries", () => {
  const functions = functionsOf(FUNCTIONS);
  const statements = statementsOf(
    files.filter(({ path }) => layerOf(path) === "outbox" && !path.startsWith("src/outbox/functions/")),
  );
  const pieces = [...functions, ...statements];

  it("is written by these functions only, each of which says what has ended and what is open", () => {
    const untold = [
      // Whether it runs alone is no state.
      "set_isolated: update deliveries",
      // Of an event that is gone: all of its deliveries have ended before.
      "prune: delete from deliveries",
      "forget_delivered: delete from delivered",
      // What handlers said when they failed.
      "src/outbox/erase-events.ts: update deliveries",
    ];
    const told = pieces.filter(({ text }) => text.includes(":BUS.after_transition("));
    expect(findAll(told, WRITES_DELIVERIES)).toEqual([
      "claim: insert into deliveries",
      "claim: update deliveries",
      "deliver: insert into deliveries",
      "deliver_without_rows: insert into delivered",
      "discard: insert into deliveries",
      "hold: insert into deliveries",
      "reopen: update deliveries",
      "settle: insert into deliveries",
      "wake: insert into deliveries",
      "wake: update deliveries",
    ]);
    const others = pieces.filter((piece) => !told.includes(piece));
    expect(findAll(others, WRITES_DELIVERIES)).toEqual(untold.sort());
  });

  it("is followed by jobs that are added in one place", () => {
    expect(findAll(pieces, ADDS_JOBS)).toEqual([
      // Calls add_jobs so that nobody is notified.
      "add_jobs_quietly: add_jobs",
      "enqueue: add_jobs",
      // Has graphile-worker know a task; the job is removed in the same statement.
      "register: add_job",
    ]);
    expect(findAll(functions, /:BUS\.(?:enqueue|add_jobs_quietly)\(/g)).toEqual([
      "add_jobs_quietly: add_jobs_quietly(",
      "after_transition: enqueue(",
      "enqueue: add_jobs_quietly(",
      "enqueue: enqueue(",
      "enqueue_captured: enqueue(",
      "publish: enqueue(",
    ]);
  });

  it("is told to graphile-worker by tasks and payloads that are made in one place", () => {
    expect(findAll(functions, /'event_bus:/g)).toEqual(["job_for: 'event_bus:"]);
    expect(findAll(functions, /json_build_object\('p'/g)).toEqual(["job_for: json_build_object('p'"]);
    expect(
      files
        .filter(({ literals }) => literals.some((text) => text.includes("event_bus:")))
        .map(({ path }) => path),
    ).toEqual(["src/outbox/graphile/job-sql.ts"]);
  });
});

describe("registry, changes and models", () => {
  it("do no I/O", () => {
    const allowed = new Set(["node:crypto", "node:util"]);
    const packages = files
      .filter(({ path }) => ["registry", "changes", "models"].includes(layerOf(path)))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ isOwn, isTypeOnly, target }) => !isOwn && !isTypeOnly && !allowed.has(target))
          .map(({ target }) => `${path}: ${target}`),
      );
    expect(packages).toEqual([]);
  });
});

describe("files", () => {
  it("have fewer than 300 lines, and half of them fewer than 80", () => {
    expect(files.filter(({ lines }) => lines >= 300).map(({ path, lines }) => `${path}: ${lines}`)).toEqual(
      [],
    );
    const sorted = files.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(80);
  });

  it("are named in kebab-case after what they hold, not `utils` or `types`", () => {
    const names = pathsOf(files).map((path) => path.split("/").at(-1) ?? "");
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name) => /^(utils?|types?|helpers?|common|index)\.ts$/.test(name))).toEqual(
      files.some(({ path }) => path === "src/index.ts") ? ["index.ts"] : [],
    );
  });

  it("have no default export", () => {
    expect(pathsOf(files.filter(({ hasDefaultExport }) => hasDefaultExport))).toEqual([]);
  });
});
