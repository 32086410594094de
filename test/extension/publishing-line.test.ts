import { describe, expect, it } from "vitest";

import { PublishingLine } from "../../src/extension/rows/publishing-line.js";

describe("PublishingLine", () => {
  it("sends each chunk while the next one is prepared, the last one at the end, and never two at once", async () => {
    const steps: string[] = [];
    const line = new PublishingLine();
    const chunk = (name: string) =>
      line.add(async () => {
        steps.push(`prepare ${name}`);
        return async () => {
          steps.push(`send ${name}`);
          await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
          steps.push(`sent ${name}`);
        };
      });
    await chunk("a");
    await chunk("b");
    await chunk("c");
    expect(steps).toEqual([
      "prepare a",
      ...["send a", "prepare b", "sent a"],
      ...["send b", "prepare c", "sent b"],
    ]);
    await line.end();
    expect(steps.slice(-2)).toEqual(["send c", "sent c"]);
  });

  it("sends nothing for a chunk without events", async () => {
    const sent: string[] = [];
    const line = new PublishingLine();
    await line.add(async () => async () => void sent.push("a"));
    await line.add(async () => undefined);
    await line.end();
    expect(sent).toEqual(["a"]);
  });

  it("tells that a chunk could not be sent, and waits for it when the next one cannot be prepared", async () => {
    const failing = async () => async () => {
      throw new Error("not sent");
    };
    const line = new PublishingLine();
    await line.add(failing);
    await expect(line.add(async () => undefined)).rejects.toThrow("not sent");
    let isSent = false;
    const slow = async () => async () => {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      isSent = true;
    };
    await line.add(slow);
    await expect(line.add(() => Promise.reject(new Error("not prepared")))).rejects.toThrow("not prepared");
    expect(isSent).toBe(true);
  });
});
