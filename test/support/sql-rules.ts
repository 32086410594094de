import type { SourceFile } from "./source-files.js";

/** A piece of SQL and where it stands: the name of a function of the schema, or the path of a file with statements. */
export interface SqlPiece {
  readonly where: string;
  readonly text: string;
}

/** The functions that a script creates; comments are left out. */
export function functionsOf(script: string): SqlPiece[] {
  const plain = script.replace(/^\s*--.*$/gm, "");
  return Array.from(
    plain.matchAll(
      /^create (?:or replace )?function :BUS\.(\w+)\([\s\S]*?(?=^create |^revoke |(?![\s\S]))/gm,
    ),
    ([text, name]) => ({ where: name ?? "", text }),
  );
}

/** The statements of files. */
export function statementsOf(files: readonly SourceFile[]): SqlPiece[] {
  return files.map(({ path, literals }) => ({ where: path, text: literals.join("\n;\n") }));
}

/** Where the pattern is found, and what of it: `settle: insert into deliveries`. */
export function findAll(pieces: readonly SqlPiece[], pattern: RegExp): string[] {
  const found = pieces.flatMap(({ where, text }) =>
    Array.from(
      text.matchAll(pattern),
      ([match]) => `${where}: ${match.replace(/\s+/g, " ").replace(":BUS.", "")}`,
    ),
  );
  return Array.from(new Set(found)).sort();
}

/** What writes the record of deliveries. */
export const WRITES_DELIVERIES =
  /\b(?:insert\s+into|update|delete\s+from|truncate)\s+(?:only\s+)?:BUS\.deliver(?:ies|ed)\b/gi;

/** What adds jobs to graphile-worker. */
export const ADDS_JOBS = /\badd_jobs?\b(?=\()/g;
