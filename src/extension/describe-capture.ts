import { capturedModels } from "../capture/captured-models.js";
import { WRITE_OPERATION_NAMES, WRITE_OPERATIONS } from "../models/operations.js";
import type { DescribedCapture, OuterExtension } from "../registry/captured-model.js";
import type { Bus } from "./prisma/bus.js";
import { hooksFor } from "./prisma/extensions.js";

/** What a client publishes. */
export function describeCapture(bus: Bus): DescribedCapture {
  return {
    events: [...bus.options.eventsByName.keys()],
    models: capturedModels(bus.models, bus.options),
    outer: outerExtensions(bus),
  };
}

/** The outer extensions that have hooks for captured writes. */
function outerExtensions({ client, models, options }: Bus): readonly OuterExtension[] {
  const found = new Map<number, { readonly name: string | undefined; readonly calls: string[] }>();
  for (const [name, rules] of options.rules) {
    const { jsName = "" } = models.get(name) ?? {};
    for (const operation of WRITE_OPERATION_NAMES) {
      if (!WRITE_OPERATIONS[operation].changes.some((change) => rules[change].length > 0)) continue;
      for (const { extension, position } of hooksFor(client, jsName, operation)) {
        const known = found.get(position) ?? { name: extension, calls: [] };
        found.set(position, known);
        known.calls.push(`${name}.${operation}`);
      }
    }
  }
  return Array.from(found)
    .sort(([a], [b]) => a - b)
    .map(([, extension]) => extension);
}
