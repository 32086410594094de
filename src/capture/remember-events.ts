import type { Models } from "../models/model.js";
import { aggregateKeyOf } from "../models/row-key.js";
import { CAPTURED_OPERATIONS, type ModelRules, type ResolvedBusOptions } from "../registry/capture-rules.js";
import type { Operation } from "../registry/event.js";
import { rememberEvent } from "../registry/known-events.js";

/** Lets others know what the client knows of its events: the test kit makes events of their models. */
export function rememberEvents({ eventsByName, rules }: ResolvedBusOptions, models: Models): void {
  for (const type of eventsByName.values()) {
    const model = type.model === undefined ? undefined : models.get(type.model);
    if (model === undefined) continue;
    rememberEvent(type, {
      fields: [...model.scalars.values()],
      relations: [...model.relations.keys()],
      operation: operationOf(type.name, rules.get(model.name)),
      keyFields: model.identity?.fields ?? [],
      aggregateKeyOf: (row) => aggregateKeyOf(model, row),
    });
  }
}

function operationOf(name: string, rules: ModelRules | undefined): Operation {
  return (
    CAPTURED_OPERATIONS.find((one) => rules?.[one].some(({ event }) => event.name === name)) ?? "publish"
  );
}
