/**
 * Whether one version of the package is newer than another, by the precedence of Semantic Versioning: `1.10.0` is newer than
 * `1.9.2`, `1.0.0` than `1.0.0-rc.1`, and `1.0.0-rc.1` than `1.0.0-beta.9`.
 */
export function isNewerVersion(version: string, than: string): boolean {
  const [own, other] = [partsOf(version), partsOf(than)];
  const differing = own.findIndex((part, index) => part !== other[index]);
  if (differing < 0) return false;
  return isHigher(own[differing] ?? "", other[differing]);
}

/**
 * The three numbers and the identifiers of a pre-release. A release has an identifier that is higher than those of all its
 * pre-releases.
 */
function partsOf(version: string): readonly (number | string)[] {
  const [numbers = "", ...before] = version.replace(/\+.*$/, "").split("-");
  const identifiers = before.length === 0 ? [RELEASE] : before.join("-").split(".");
  return [...numbers.split("."), ...identifiers].map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Identifiers have letters, digits and hyphens, which are all lower. */
const RELEASE = "~";

/** A number is lower than a text, and everything is higher than what the other version does not have. */
function isHigher(part: number | string, other: number | string | undefined): boolean {
  if (other === undefined) return true;
  return typeof part === typeof other ? part > other : typeof part === "string";
}
