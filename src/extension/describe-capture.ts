import type { Model } from "../models/model.js";
import { WRITE_OPERATION_NAMES, WRITE_OPERATIONS } from "../models/operations.js";
import { CAPTURED_OPERATIONS, type CapturedOperation, type Rule } from "../registry/capture-rules.js";
import type { CapturedModel, DescribedCapture, EarlierExtension } from "../registry/captured-model.js";
import type { Bus } from "./prisma/bus.js";
import { hooksFor } from "./prisma/extensions.js";

/** What a client publishes. */
export function describeCapture(bus: Bus): DescribedCapture {
  return {
    events: [...bus.options.eventsByName.keys()],
    models: capturedModels(bus),
    earlier: earlierExtensions(bus),
  };
}

/** The extensions from before that have hooks for captured writes. */
function earlierExtensions({ client, models, options }: Bus): readonly EarlierExtension[] {
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

function capturedModels({ models, options }: Bus): readonly CapturedModel[] {
  return Array.from(models.values(), (model) => {
    const rules = options.rules.get(model.name);
    const redaction = options.redactions.get(model.name);
    const events = (operation: CapturedOperation) => (rules?.[operation] ?? []).map(nameOf);
    const own = { create: events("create"), update: events("update"), delete: events("delete") };
    return {
      model: model.name,
      ...own,
      omitted: [...(redaction?.omit ?? [])],
      masked: [...(redaction?.mask.keys() ?? [])],
      notCaptured: [
        ...reasons(model, own),
        ...(options.uncaptured.has(model.name) ? ["calls that are too large: allowed without events"] : []),
      ],
    };
  });
}

function nameOf({ event, when }: Rule): string {
  return when === undefined ? event.name : `${event.name} when …`;
}

function reasons(
  model: Model,
  own: Readonly<Record<CapturedOperation, readonly string[]>>,
): readonly string[] {
  if (model.isView) return ["it is a view: its rows have no key of their own"];
  if (model.identity === undefined) return ["it has no key: neither @id nor @unique without optional fields"];
  const missing = CAPTURED_OPERATIONS.filter((operation) => own[operation].length === 0);
  if (missing.length === 3) return ["no rule"];
  return missing.map((operation) => `${operation}: no rule`);
}
