const warnings: string[] = [];

/**
 * Prisma reads several relations of an `include` at once on the one connection of a transaction, of which pg warns: plain
 * Prisma as well, when a `create` with nested rows includes them. Its interpreter has one node within another then. A
 * statement of the extension's own is one node.
 */
function isOfPrismaAlone(stack: string): boolean {
  const isAboutQueue = stack.includes("client is already executing a query");
  return isAboutQueue && stack.split("interpretNode").length > 2;
}

process.on("warning", (warning: Error & { readonly code?: string }) => {
  // What the package itself says is what tests are about.
  if (warning.code?.startsWith("EX_EVENT_BUS_")) return;
  const text = warning.stack ?? `${warning.name}: ${warning.message}`;
  if (!isOfPrismaAlone(text)) warnings.push(text);
});

/** The warnings of Node's `process` since the last call, with their stacks. Tests that expect some take them. */
export function takeWarnings(): readonly string[] {
  return warnings.splice(0);
}
