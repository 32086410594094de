import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { uuidV7 } from "../../src/registry/uuid-v7.js";

describe("uuidV7", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("has the form, version and variant of RFC 9562", () => {
    for (let i = 0; i < 1000; i++) {
      expect(uuidV7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it("begins with the milliseconds since 1970", () => {
    vi.setSystemTime(new Date("2022-02-22T19:22:22Z"));
    expect(uuidV7().slice(0, 13)).toBe("017f22e2-79b0");
    vi.setSystemTime(1);
    expect(uuidV7().slice(0, 13)).toBe("00000000-0001");
  });

  it("sorts by time", () => {
    const times = [0, 1, 255, 65_536, Date.UTC(2024, 0), Date.UTC(2038, 0), Date.UTC(9999, 0)];
    const ids = times.map((time) => {
      vi.setSystemTime(time);
      return uuidV7();
    });
    expect([...ids].sort()).toEqual(ids);
  });

  it("is never the same twice, within one millisecond either", () => {
    expect(new Set(Array.from({ length: 10_000 }, uuidV7)).size).toBe(10_000);
  });
});
