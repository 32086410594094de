import { isOfPrismasInterpreter } from "./pg-warning.js";

const warnings: string[] = [];

process.on("warning", (warning: Error & { readonly code?: string }) => {
  // What the package itself says is what tests are about.
  if (warning.code?.startsWith("EX_EVENT_BUS_")) return;
  const text = warning.stack ?? `${warning.name}: ${warning.message}`;
  if (!isOfPrismasInterpreter(text)) warnings.push(text);
});

/** The warnings of Node's `process` since the last call, with their stacks. Tests that expect some take them. */
export function takeWarnings(): readonly string[] {
  return warnings.splice(0);
}
