import { isEventBusError } from "../errors.js";
import { CHECK_CLIENT } from "../registry/captured-model.js";

/** A pool that waits for a host that does not answer would wait for minutes. */
const LONGEST_MS = 15_000;

/**
 * Whether the Prisma client of a configuration does what its `eventBus` relies on: the check that its first captured call
 * makes, made now. A client without the extension is not asked. One that does not come to its database is told by others.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`
 */
export async function assertCompatibleClient(prisma: object | undefined): Promise<void> {
  const check = (prisma as Readonly<Record<string, unknown>> | undefined)?.[CHECK_CLIENT];
  if (typeof check !== "function") return;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LONGEST_MS);
  });
  try {
    await Promise.race([check.call(prisma) as Promise<void>, expired]);
  } catch (error) {
    if (isEventBusError(error, "PRISMA_INCOMPATIBLE")) throw error;
  } finally {
    clearTimeout(timer);
  }
}
