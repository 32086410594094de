import type { Model, Models } from "../models/model.js";
import {
  CAPTURED_OPERATIONS,
  type CapturedOperation,
  type ResolvedBusOptions,
  type Rule,
} from "../registry/capture-rules.js";
import type { CapturedModel } from "../registry/captured-model.js";
import { describeCondition } from "../registry/condition.js";

/** What is captured of each model, and what is not, with the reason. */
export function capturedModels(models: Models, options: ResolvedBusOptions): readonly CapturedModel[] {
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
  if (when === undefined) return event.name;
  return `${event.name} when ${typeof when === "function" ? "…" : describeCondition(when)}`;
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
