import { describe, expect, it } from "vitest";
import { didYouMean, levenshtein, nearestName } from "../../src/registry/nearest-name.js";

describe("levenshtein", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["flaw", "lawn", 2],
    ["same", "same", 0],
  ])("counts the changes from %j to %j", (a, b, distance) => {
    expect(levenshtein(a, b)).toBe(distance);
  });
});

describe("nearestName", () => {
  const options = ["name", "events", "handle", "retry", "timeoutMs", "priority", "delayMs"];

  it.each([
    ["retires", "retry"],
    ["timeout", "timeoutMs"],
    ["event", "events"],
    ["handler", "handle"],
    ["NAME", "name"],
    ["delay", "delayMs"],
  ])("finds for %j the option %j", (name, nearest) => {
    expect(nearestName(name, options)).toBe(nearest);
  });

  it.each(["concurrency", "x", ""])("finds nothing that is like %j", (name) => {
    expect(nearestName(name, options)).toBeUndefined();
  });

  it("prefers the nearest, then the first", () => {
    expect(nearestName("Usr", ["Use", "User", "Users"])).toBe("Use");
    expect(nearestName("Users", ["UserX", "User", "Users2"])).toBe("UserX");
  });
});

describe("didYouMean", () => {
  it("names the nearest, or else all", () => {
    expect(didYouMean("Usr", ["User", "Post"])).toBe(': did you mean "User"?');
    expect(didYouMean("Nope", ["User", "Invoice"])).toBe(': expected one of "User", "Invoice"');
    expect(didYouMean("Nope", [])).toBe(": there are none");
  });
});
