import type { Model } from "../../models/model.js";
import type { Bus } from "./bus.js";
import { callerOf } from "./caller.js";
import type { InternalParams } from "./internals.js";
import type { Answering } from "./selection.js";

/** How the client of a call is answered: with its own computed fields, whichever extensions came after this one. */
export function answeringOf(bus: Bus, model: Model, params: InternalParams): Answering {
  const client = callerOf(bus, params);
  return {
    model,
    globalOmit: bus.root._globalOmit?.[model.jsName],
    computed: client._extensions?.getAllComputedFields?.(model.name),
    isStrict: bus.root._previewFeatures?.includes("strictUndefinedChecks") === true,
  };
}
