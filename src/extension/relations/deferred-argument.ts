/** An argument that is known only after Prisma has checked the call, just before it is sent. */
export interface DeferredArgument {
  /** To be put into the arguments. */
  readonly argument: object;
  /** Whether it was read since it was filled: otherwise Prisma has sent something else. */
  readonly isUsed: boolean;
  /** @param values as Prisma's own requests have them. */
  fill(values: Readonly<Record<string, unknown>>): void;
}

/**
 * Prisma puts what `toJSON` returns into its request as it is, and reads the request after it has awaited its turn:
 * until then the object can be filled.
 */
export function deferredArgument(): DeferredArgument {
  const container = {};
  let isUsed = false;
  return {
    argument: { toJSON: () => container },
    get isUsed() {
      return isUsed;
    },
    fill(values) {
      isUsed = false;
      for (const [name, value] of Object.entries(values)) {
        const get = () => {
          isUsed = true;
          return value;
        };
        Object.defineProperty(container, name, { enumerable: true, configurable: true, get });
      }
    },
  };
}
