import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { prepareBinaries, sharedFolder } from "../../src/testing/postgres-binaries.js";
import { findNative } from "../../src/testing/postgres-native.js";
import { canReach, serverUser } from "../../src/testing/postgres-user.js";
import { skipWithout } from "../support/left-out.js";

const user = serverUser();
const shared = sharedFolder(user);
const version = randomUUID();
const folder = mkdtempSync(join(shared, "ex-event-bus-test-"));
const native = join(folder, "native");

afterAll(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
  for (const name of readdirSync(shared)) {
    if (name.includes(version)) rmSync(join(shared, name), { recursive: true });
  }
});

/** As an installation without install scripts leaves it. */
function copyWithoutLinks(): void {
  rmSync(native, { recursive: true, force: true });
  cpSync(findNative().native, native, {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
}

describe("prepareBinaries", () => {
  it("makes the symbolic links that the install script would have made", () => {
    chmodSync(folder, 0o755);
    copyWithoutLinks();
    const binaries = prepareBinaries({ native, version }, user);
    expect(dirname(dirname(binaries.postgres))).toBe(native);
  });

  it("uses a copy, made once, when the user of the server cannot reach the folder", () => {
    copyWithoutLinks();
    // As root the server's user is shut out; otherwise the binaries are made unusable for everybody.
    if (user === undefined) rmSync(join(native, "pg-symlinks.json"));
    chmodSync(folder, 0o700);
    if (user === undefined) {
      expect(() => prepareBinaries({ native, version }, user)).toThrow("does not run on this machine");
      return;
    }
    expect(canReach(native, user)).toBe(false);
    const { postgres } = prepareBinaries({ native, version }, user);
    expect(canReach(dirname(postgres), user)).toBe(true);
    const made = lstatSync(postgres).ino;
    expect(lstatSync(prepareBinaries({ native, version }, user).postgres).ino).toBe(made);
  });

  it("repairs a copy that lost files", (context) => {
    skipWithout(context, user !== undefined, "Only root has another user run the server, from a copy");
    const { initdb } = prepareBinaries({ native, version }, user);
    rmSync(initdb);
    expect(prepareBinaries({ native, version }, user).initdb).toBe(initdb);
    expect(existsSync(initdb)).toBe(true);
  });
});
