import { isAbsolute, relative } from "node:path";

/** The loader's message for a file with a syntax error. */
const SYNTAX_ERROR = /^(?:ParseError: )?([\s\S]*?)\s*\n (.+):(\d+):(\d+)$/;
/** The error of a compiled program that still imports a TypeScript file. */
const UNCOMPILED = /^Cannot find module '\.[^']*\.[cm]?ts'/;
const COMPILED_CLIENT =
  "Compilers do not change this import. If Prisma generated the file, write tsconfig.json before you run prisma generate, or " +
  'set importFileExtension = "js" in the generator of the schema';
/** The list of importing files that follows the message. */
const REQUIRE_STACK = /\nRequire stack:[\s\S]*$/;
const FRAME = /^ +at (?:async )?(?:.*\()?(.+?):(\d+):\d+\)?$/gm;

/**
 * Why a file of the application could not be loaded, after the file, line and column, as compilers write it:
 * `src/db.ts:3:7: Unexpected token`. The column is omitted if only the column in the transpiled code is known.
 */
export function loadFailure(error: unknown, folder: string): string {
  if (!(error instanceof Error)) return String(error);
  const [, what, source = "", line, column] = SYNTAX_ERROR.exec(error.message) ?? [];
  // The loader counts columns from 0, editors count them from 1.
  if (what !== undefined) return `${within(folder, source)}:${line}:${Number(column) + 1}: ${what}`;
  const message = error.message.replace(REQUIRE_STACK, "");
  const frames = [...(error.stack ?? "").matchAll(FRAME)];
  const own = frames.find(([, path = ""]) => isAbsolute(path) && !/[\\/]node_modules[\\/]/.test(path));
  const file = own?.[1] ?? "";
  const said =
    UNCOMPILED.test(message) && /\.[cm]?js$/.test(file) ? `${message}. ${COMPILED_CLIENT}` : message;
  return own === undefined ? said : `${within(folder, file)}:${own[2]}: ${said}`;
}

function within(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith("..") ? file : path;
}
