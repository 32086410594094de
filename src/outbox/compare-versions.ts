/** Whether one version of the package is newer than another: `1.10.0` is newer than `1.9.2`, and `1.0.0` than `1.0.0-rc.1`. */
export function isNewerVersion(version: string, than: string): boolean {
  const [own, other] = [partsOf(version), partsOf(than)];
  const differing = own.findIndex((part, index) => part !== other[index]);
  return differing >= 0 && (own[differing] ?? 0) > (other[differing] ?? 0);
}

/** The three numbers, whether it is a release, and the number of a pre-release. */
function partsOf(version: string): readonly number[] {
  const [, major, minor, patch, before] = /^(\d+)\.(\d+)\.(\d+)(?:-(?:.*?(\d+))?.*)?$/.exec(version) ?? [];
  const isReleased = !version.includes("-");
  return [
    Number(major ?? 0),
    Number(minor ?? 0),
    Number(patch ?? 0),
    isReleased ? 1 : 0,
    Number(before ?? 0),
  ];
}
