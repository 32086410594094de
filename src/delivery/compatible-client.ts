import { isEventBusError } from "../errors.js";
import { CHECK_CLIENT } from "../registry/captured-model.js";

/** Without a limit, a pool would wait for minutes for a host that does not answer. */
const LONGEST_MS = 15_000;

/**
 * Runs the self-check of the extension for the Prisma client of a configuration, which its first captured call would run. A client
 * without the extension is not checked. If the client cannot reach its database, other checks report that.
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
