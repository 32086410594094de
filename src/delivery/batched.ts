/** Does something for many at once: the answer has the order of the items. */
export type ForMany<In, Out> = (items: readonly In[]) => Promise<readonly Out[]>;

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes batches of items that are asked for one by one: of those in the same turn of the event loop, and of those that
 * come while the batch before is under way. No item waits any longer. When a batch fails, each of its items is tried alone,
 * so that one that is refused does not fail the others.
 *
 * @param most how many of the waiting items make the next batch.
 * @param isOfAll whether an error would meet each item alone too.
 */
export function batched<In, Out>(
  forMany: ForMany<In, Out>,
  most: (waiting: number) => number,
  isOfAll: (error: unknown) => boolean,
): (item: In) => Promise<Out> {
  const waiting: Waiting<In, Out>[] = [];
  let isUnderWay = false;

  const run = async (batch: readonly Waiting<In, Out>[]): Promise<void> => {
    try {
      const outs = await forMany(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(outs[index] as Out);
    } catch (error) {
      if (batch.length > 1 && !isOfAll(error)) for (const one of batch) await run([one]);
      else for (const { reject } of batch) reject(error);
    }
  };
  const drain = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most(waiting.length));
      await run(batch);
    }
    isUnderWay = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (isUnderWay) return;
      isUnderWay = true;
      // After everything that goes on in this turn, and not by a timer: tests replace those.
      process.nextTick(drain);
    });
}

/** All that wait, up to `most` of them. */
export function upTo(most: number): (waiting: number) => number {
  return (waiting) => Math.min(waiting, most);
}
