/** Sends the events of one chunk of a call. */
export type Publish = () => Promise<void>;

// Taken when this is loaded: tests of applications put false timers in its place.
const { setImmediate } = globalThis;

/**
 * Publishes the chunks of a call one after the other, each while the events of the next one are being made: PostgreSQL
 * and this process work at the same time, and still one statement at a time is sent.
 */
export class PublishingLine {
  #waiting: Publish | undefined;

  /** @param prepare makes the events of the next chunk; sends nothing. */
  async add(prepare: () => Promise<Publish | undefined>): Promise<void> {
    const before = this.#waiting;
    this.#waiting = undefined;
    if (before === undefined) {
      this.#waiting = await prepare();
      return;
    }
    const sent = before();
    // It is told by the last line, whatever becomes of what is prepared meanwhile.
    sent.catch(() => undefined);
    await isOnItsWay();
    try {
      this.#waiting = await prepare();
    } finally {
      await sent;
    }
  }

  /** Publishes what waits. */
  async end(): Promise<void> {
    const last = this.#waiting;
    this.#waiting = undefined;
    await last?.();
  }
}

/** Prisma takes some steps before it sends a statement. */
function isOnItsWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
