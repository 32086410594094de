import type { PrismaQueryable } from "../outbox/executor.js";

/**
 * Whether it is the client of an interactive transaction: Prisma takes from those what ends a connection. One has one
 * connection, on which nested transactions cannot run at the same time.
 */
export function isTransaction(prisma: unknown): prisma is PrismaQueryable {
  const { $queryRawUnsafe, $disconnect } = Object(prisma) as Readonly<Record<string, unknown>>;
  return typeof $queryRawUnsafe === "function" && typeof $disconnect !== "function";
}
