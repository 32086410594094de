import type { SourceFile } from "./source-files.js";

// Low to high. Folders and files of one line are one layer; those of `sealed` do not even import each other.
const layers: readonly (readonly string[])[] = [
  ["errors", "codec", "log", "telemetry"],
  ["registry"],
  ["context"],
  ["changes"],
  ["models"],
  ["outbox"],
  ["capture"],
  ["triggers"],
  ["delivery"],
  ["admin"],
  ["extension", "worker", "testing", "otel"],
  ["matchers"],
  ["cli"],
  ["entry"],
];
const sealed = new Set(["extension", "worker", "testing", "otel"]);

/** Entries that are not in src/ itself: `ex-event-bus/testing/postgres`. */
const deepEntries = new Set(["src/testing/postgres.ts"]);

/** The layer of `src/outbox/executor.ts` is `outbox`, that of `src/index.ts` is `entry`. */
export function layerOf(path: string): string {
  if (deepEntries.has(path)) return "entry";
  const [, first = "", second] = path.split("/");
  if (second !== undefined) return first;
  return first === "errors.ts" ? "errors" : "entry";
}

/** Imports of a higher layer, and imports between the layers that are sealed from each other. */
export function findUpwardImports(files: readonly SourceFile[]): string[] {
  const rankOf = (layer: string) => layers.findIndex((names) => names.includes(layer));
  return files.flatMap(({ path, imports }) => {
    const from = layerOf(path);
    if (rankOf(from) < 0) return [`${path}: the layer "${from}" is not in the list`];
    return imports
      .filter(({ isOwn, target }) => {
        const to = layerOf(target);
        const isApart = sealed.has(from) && sealed.has(to) && from !== to;
        return isOwn && (rankOf(to) > rankOf(from) || isApart || (from === "errors" && to !== from));
      })
      .map(({ target }) => `${path} imports ${target}`);
  });
}

// The folders of src/extension, low to high; its own files, and what they alone need, are above all of them.
const rooms: readonly (readonly string[])[] = [
  ["prisma"],
  ["transactions"],
  ["catalog"],
  ["rows"],
  ["relations"],
  ["one-row"],
  ["bulk"],
  ["clients", "types", ""],
];

/** Imports of a higher folder of src/extension. */
export function findUpwardRooms(files: readonly SourceFile[]): string[] {
  const roomOf = (path: string) => {
    const [, first, second = "", third] = path.split("/");
    return first === "extension" ? (third === undefined ? "" : second) : undefined;
  };
  const rankOf = (room: string) => rooms.findIndex((names) => names.includes(room));
  return files.flatMap(({ path, imports }) => {
    const from = roomOf(path);
    if (from === undefined) return [];
    if (rankOf(from) < 0) return [`${path}: the folder "${from}" is not in the list`];
    return imports
      .filter(({ isOwn, target }) => isOwn && rankOf(roomOf(target) ?? from) > rankOf(from))
      .map(({ target }) => `${path} imports ${target}`);
  });
}

/** Folders of which the others import these files only. */
const doors: Readonly<Record<string, readonly string[]>> = {
  "src/extension/relations": [
    "plan-effects.ts",
    "pin-to-locked-rows.ts",
    "read-related.ts",
    "related-changes.ts",
  ],
};

/** Imports from outside of a folder with doors that go past these. */
export function findImportsPastDoors(files: readonly SourceFile[]): string[] {
  return Object.entries(doors).flatMap(([folder, open]) => {
    const isInside = (path: string) => path.startsWith(`${folder}/`);
    const isPast = (path: string) => isInside(path) && !open.includes(path.slice(folder.length + 1));
    return files
      .filter(({ path }) => !isInside(path))
      .flatMap(({ path, imports }) =>
        imports.filter(({ target }) => isPast(target)).map(({ target }) => `${path} imports ${target}`),
      );
  });
}

/** Each cycle once, as the files on it. */
export function findCycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) cycles.push([...way.slice(start), path].join(" → "));
    if (start >= 0 || done.has(path)) return;
    for (const { isOwn, target } of byPath.get(path)?.imports ?? []) {
      if (isOwn) visit(target, [...way, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}

/** Every package and built-in module that loading `entry` can load, `import()` included. */
export function reachablePackages(files: readonly SourceFile[], entry: string): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { isOwn, isTypeOnly, target } of byPath.get(path)?.imports ?? []) {
      if (isTypeOnly) continue;
      if (isOwn) visit(target);
      else packages.add(target);
    }
  };
  visit(entry);
  return packages;
}

const statements = [
  "select\\s",
  "with\\s+\\w+\\s+as\\b",
  "insert\\s+into\\b",
  "update\\s+\\S+\\s+(as\\s+\\w+\\s+)?set\\b",
  "delete\\s+from\\b",
  "(create|drop|alter)\\s+(or|table|index|schema|function|database|type|role|trigger|unique)\\b",
  "(truncate|listen|notify|savepoint|rollback\\s+to|lock\\s+table|set\\s+(local|session)|grant|revoke)\\s",
  "(begin|commit|rollback)\\s*;",
];
const startsLikeSql = new RegExp(`^\\s*(${statements.join("|")})`, "i");

/**
 * Texts that look like SQL. Prose can begin with such a word too: say it differently then.
 * `select 1` is everybody's: it asks whether a connection works.
 */
export function findSql(file: SourceFile): string[] {
  const found = [...file.literals.filter((text) => startsLikeSql.test(text)), ...file.queried];
  return found
    .filter((text) => text !== "select 1")
    .map((text) => `${file.path}: ${text.trim().slice(0, 60)}`);
}

/** What Prisma does not document, by the names that it has there. */
const privateNames = [
  ...["$parent", "_originalClient", "_appliedParent", "_runtimeDataModel", "_engineConfig", "inlineSchema"],
  ...["_createPrismaPromise", "requestTransaction", "spec", "PrismaPromise", "_createItxClient"],
  ...["_request", "_executeRequest", "__internalParams", "dataPath", "argsMapper", "unpacker"],
  ...["_requestHandler", "handleAndLogRequestError", "_tracingHelper", "_engine", "_extensions"],
  ...["_errorFormat", "_globalOmit", "_previewFeatures", "_clientVersion", "getConnectionInfo"],
  ...["callsite", "otelParentCtx", "transactionOptions"],
];

/** Names of what Prisma does not document. A type that Prisma exports may be called so; locks elsewhere are those of rows. */
export function findPrivateNames({ path, names }: SourceFile): string[] {
  const isIn = (folder: string) => path.startsWith(`src/extension/${folder}/`);
  const ofBatches = isIn("transactions") || isIn("clients") ? ["lock"] : [];
  return [...privateNames, ...ofBatches]
    .filter((name) => names.has(name) && !(name === "PrismaPromise" && isIn("types")))
    .map((name) => `${path}: ${name}`);
}
