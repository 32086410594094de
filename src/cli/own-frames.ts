import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the running code: `dist/esm` of the package. */
const HERE = `${dirname(dirname(fileURLToPath(import.meta.url)))}${sep}`.replaceAll("\\", "/");
/** Frames of code that the reader of the stack did not write and cannot change. */
const OTHERS =
  /\/(?:node_modules\/(?:ex-event-bus|graphile-worker)|ex-event-bus\/dist)\/|[( ]node:|\((?:<anonymous>|index \d+)\)$/;

/** A stack without the frames of this package, graphile-worker and Node.js, and the number of frames left out. */
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
