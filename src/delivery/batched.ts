/** Handles many items at once. The results have the order of the items. */
export type ForMany<In, Out> = (items: readonly In[]) => Promise<readonly Out[]>;

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects single items into batches: the items of one turn of the event loop, and those that come while the batch before is
 * running. No item waits longer. If a batch fails, each of its items is tried alone, so that one bad item does not fail the others.
 *
 * @param most how many of the waiting items make the next batch.
 * @param isOfAll whether an error would also happen to each single item.
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
      // At the end of this turn of the event loop. Not by a timer, because tests replace timers.
      process.nextTick(drain);
    });
}

/** Takes all waiting items, up to `most`. */
export function upTo(most: number): (waiting: number) => number {
  return (waiting) => Math.min(waiting, most);
}
