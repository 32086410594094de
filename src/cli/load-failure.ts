import { isAbsolute, relative } from "node:path";

/** What the loader says of a file that is no JavaScript or TypeScript. */
const SYNTAX_ERROR = /^(?:ParseError: )?([\s\S]*?)\s*\n (.+):(\d+):(\d+)$/;
/** Behind what was not found: the files that lead there. */
const REQUIRE_STACK = /\nRequire stack:[\s\S]*$/;
const FRAME = /^ +at (?:async )?(?:.*\()?(.+?):(\d+):\d+\)?$/gm;

/**
 * Why a file of the application could not be loaded, behind the place in it, as compilers write it:
 * `src/db.ts:3:7: Unexpected token`. The column is left out where it would be that of the code that was made of the file.
 */
export function loadFailure(error: unknown, folder: string): string {
  if (!(error instanceof Error)) return String(error);
  const [, what, file = "", line, column] = SYNTAX_ERROR.exec(error.message) ?? [];
  // The loader counts columns from 0, editors count them from 1.
  if (what !== undefined) return `${within(folder, file)}:${line}:${Number(column) + 1}: ${what}`;
  const message = error.message.replace(REQUIRE_STACK, "");
  const frames = [...(error.stack ?? "").matchAll(FRAME)];
  const own = frames.find(([, path = ""]) => isAbsolute(path) && !/[\\/]node_modules[\\/]/.test(path));
  return own === undefined ? message : `${within(folder, own[1] ?? "")}:${own[2]}: ${message}`;
}

function within(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith("..") ? file : path;
}
