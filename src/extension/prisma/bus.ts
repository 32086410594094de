import type { Models } from "../../models/model.js";
import type { ResolvedBusOptions } from "../../registry/capture-rules.js";
import type { InternalClient } from "./internals.js";

/** All that the parts of the extension share: one for each client that is extended. */
export interface Bus {
  readonly options: ResolvedBusOptions;
  readonly models: Models;
  /** The client without any extension. */
  readonly root: InternalClient;
  /** The client that was extended. */
  readonly client: InternalClient;
}
