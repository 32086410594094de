/**
 * Whether pg warns of statements that Prisma's interpreter of queries sends at once on the one connection of a transaction:
 * those into which it splits a call with many values, or the relations of an `include`. Plain Prisma does so as well.
 * Statements of different calls never meet there, since Prisma sends them one after the other.
 */
export function isOfPrismasInterpreter(stack: string): boolean {
  return (
    stack.includes("client is already executing a query") &&
    stack.includes("@prisma/adapter-pg") &&
    stack.includes("interpretNode")
  );
}
