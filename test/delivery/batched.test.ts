import { describe, expect, it } from "vitest";

import { batched, upTo } from "../../src/delivery/batched.js";

/** Answers when it is told to. */
function manual() {
  const calls: { readonly items: readonly number[]; readonly answer: (outs?: unknown) => void }[] = [];
  const forMany = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) => {
      const answer = (error?: unknown) =>
        error === undefined ? resolve(items.map((item) => `${item}!`)) : reject(error);
      calls.push({ items, answer });
    });
  return { calls, forMany };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const never = () => false;

describe("batched", () => {
  it("gathers what is asked for in one turn, and gives each its answer", async () => {
    const { calls, forMany } = manual();
    const ask = batched(forMany, upTo(10), never);
    const answers = Promise.all([ask(1), Promise.resolve().then(() => ask(2)), ask(3)]);
    await turn();
    expect(calls.map(({ items }) => items)).toEqual([[1, 3, 2]]);
    calls[0]?.answer();
    expect(await answers).toEqual(["1!", "2!", "3!"]);
  });

  it("gathers what comes while a call is under way, and waits for nothing else", async () => {
    const { calls, forMany } = manual();
    const ask = batched(forMany, upTo(10), never);
    const first = ask(1);
    await turn();
    const later = [ask(2)];
    await turn();
    later.push(ask(3));
    expect(calls).toHaveLength(1);
    calls[0]?.answer();
    expect(await first).toBe("1!");
    await turn();
    expect(calls.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    calls[1]?.answer();
    expect(await Promise.all(later)).toEqual(["2!", "3!"]);
    const last = ask(4);
    await turn();
    calls[2]?.answer();
    expect(await last).toBe("4!");
  });

  it("asks for no more at once than it may", async () => {
    const sizes: number[] = [];
    const ask = batched(
      async (items: readonly number[]) => {
        sizes.push(items.length);
        return items;
      },
      upTo(3),
      never,
    );
    expect(await Promise.all([1, 2, 3, 4, 5, 6, 7].map(ask))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(sizes).toEqual([3, 3, 1]);
  });

  it("lets one that is refused take no others along", async () => {
    const ask = batched(
      async (items: readonly number[]) => {
        if (items.includes(2)) throw new Error("not 2");
        return items;
      },
      upTo(10),
      never,
    );
    expect(await Promise.allSettled([1, 2, 3].map(ask))).toEqual([
      { status: "fulfilled", value: 1 },
      { status: "rejected", reason: new Error("not 2") },
      { status: "fulfilled", value: 3 },
    ]);
    expect(await ask(4)).toBe(4);
  });

  it("does not try each alone when the reason is one for all", async () => {
    let calls = 0;
    const ask = batched(
      async () => {
        calls += 1;
        throw new Error("gone");
      },
      upTo(10),
      () => true,
    );
    const results = await Promise.allSettled([ask(1), ask(2), ask(3)]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(calls).toBe(1);
  });
});
