import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

type Names = Readonly<Record<string, string>>;

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  /** A folder of this repository, which `resolved` then names. */
  readonly link?: boolean;
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
}

const { packages } = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as {
  packages: Readonly<Record<string, LockedPackage>>;
};

/** Whether Node would find `name` from the package at `path`. */
function isLocked(path: string, name: string): boolean {
  const isThere = (at: string) => packages[at]?.version !== undefined || packages[at]?.link === true;
  for (let folder = path; ; folder = folder.slice(0, folder.lastIndexOf("/node_modules/"))) {
    if (isThere(`${folder}${folder && "/"}node_modules/${name}`)) return true;
    if (!folder.includes("/node_modules/")) return isThere(`node_modules/${name}`);
  }
}

describe("package-lock.json", () => {
  it("has the optional packages of every platform, without which `npm ci` refuses it", () => {
    const missing = Object.entries(packages).flatMap(([path, locked]) =>
      Object.keys({ ...locked.dependencies, ...locked.devDependencies, ...locked.optionalDependencies })
        .filter((name) => !isLocked(path, name))
        .map((name) => `${name} of ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it("names no registry", () => {
    const resolved = Object.values(packages)
      .filter(({ link }) => link !== true)
      .flatMap((locked) => locked.resolved ?? []);
    expect(resolved).toEqual([]);
  });
});
