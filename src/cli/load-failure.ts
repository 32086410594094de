import { isAbsolute, relative } from "node:path";

/** What the loader says of a file that is no JavaScript or TypeScript. */
const SYNTAX_ERROR = /^(?:ParseError: )?([\s\S]*?)\s*\n (.+):(\d+):(\d+)$/;
/** A compiled program that still imports what it was compiled from. */
const UNCOMPILED = /^Cannot find module '\.[^']*\.[cm]?ts'/;
const COMPILED_CLIENT =
  "Compilers leave this import as it is. If Prisma generated the file: write tsconfig.json before you run prisma generate, or " +
  'set importFileExtension = "js" in the generator of the schema';
/** Behind what was not found: the files that lead there. */
const REQUIRE_STACK = /\nRequire stack:[\s\S]*$/;
const FRAME = /^ +at (?:async )?(?:.*\()?(.+?):(\d+):\d+\)?$/gm;

/**
 * Why a file of the application could not be loaded, behind the place in it, as compilers write it:
 * `src/db.ts:3:7: Unexpected token`. The column is left out where it would be that of the code that was made of the file.
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
