import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The code that runs this, wherever it is: `dist/esm` of the package. */
const HERE = `${dirname(dirname(fileURLToPath(import.meta.url)))}${sep}`.replaceAll("\\", "/");
/** Code that its reader did not write and cannot change, in the stack of an error. */
const OTHERS =
  /\/(?:node_modules\/(?:ex-event-bus|graphile-worker)|ex-event-bus\/dist)\/|[( ]node:|\((?:<anonymous>|index \d+)\)$/;

/** The text of a stack without the frames of this package, of graphile-worker and of Node.js; how many these were. */
export function withoutOwnFrames(stack: string): { readonly text: string; readonly leftOut: number } {
  const lines = stack.split("\n");
  const kept = lines.filter((line) => !isOwnFrame(line));
  return { text: kept.join("\n"), leftOut: lines.length - kept.length };
}

function isOwnFrame(line: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  const place = line.replaceAll("\\", "/");
  return OTHERS.test(place) || place.includes(HERE);
}
