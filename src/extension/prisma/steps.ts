/** Something of Prisma that it does not document, and that the extension relies on. */
export interface PrivateStep {
  /** What Prisma does, in words that follow "Prisma …". */
  readonly does: string;
  /** The files that rely on it, in this folder where nothing else is said. */
  readonly usedBy: readonly string[];
  /**
   * When it is looked for: as a client is extended, at its first captured call before anything is sent, or there with
   * statements that read nothing. "use": where it is missing the extension knows less, and nothing is written wrongly.
   */
  readonly checked: "extends" | "call" | "query" | "use";
}

/**
 * The contract with Prisma: every private step that this folder relies on. The self-check names the one that is missing.
 * Of the tests, steps.test.ts takes away each step that is checked, and unchecked-steps.test.ts each that is not ("use").
 */
export const PRIVATE_STEPS = {
  $parent: {
    does: "leads from an extended client to the one without extensions ($parent)",
    usedBy: ["internals.ts"],
    checked: "extends",
  },
  _runtimeDataModel: {
    does: "keeps the models of the schema in _runtimeDataModel",
    usedBy: ["client-parts.ts", "probe.ts"],
    checked: "extends",
  },
  inlineSchema: {
    does: "keeps the text of the schema in _engineConfig.inlineSchema",
    usedBy: ["client-parts.ts", "probe.ts"],
    checked: "extends",
  },
  _clientVersion: {
    does: "is of a version from 7.10 to below 8 (_clientVersion)",
    usedBy: ["probe.ts", "errors.ts"],
    checked: "extends",
  },
  _createPrismaPromise: {
    does: "makes its promises with _createPrismaPromise, and tells them the transaction of the client at once",
    usedBy: ["internals.ts", "client-parts.ts"],
    checked: "extends",
  },
  requestTransaction: {
    does: "sends a promise in the transaction that its requestTransaction is given",
    usedBy: ["lazy-promise.ts", "own-client.ts", "probe.ts"],
    checked: "call",
  },
  spec: {
    does: "says of a promise for which model and operation it is (spec)",
    usedBy: ["lazy-promise.ts", "probe.ts"],
    checked: "extends",
  },
  _createItxClient: {
    does: "makes the client of a transaction with _createItxClient",
    usedBy: ["client-parts.ts", "probe.ts"],
    checked: "extends",
  },
  isolationLevel: {
    does: "begins transactions at the level of _engineConfig.transactionOptions, with transaction(action, headers, options) of its _engine",
    usedBy: ["own-client.ts"],
    checked: "extends",
  },
  _requestHandler: {
    does: "makes the errors of calls with _requestHandler",
    usedBy: ["own-client.ts", "errors.ts", "probe.ts"],
    checked: "extends",
  },
  kind: {
    does: 'calls the transaction of a callback { kind: "itx", id }',
    usedBy: ["internals.ts", "batch-handle.ts"],
    checked: "call",
  },
  _request: {
    does: "starts each call with _request of the client that it is made on",
    usedBy: ["call-params.ts", "replace-steps.ts", "probe.ts"],
    checked: "call",
  },
  _executeRequest: {
    does: "sends each call with _executeRequest, after all hooks",
    usedBy: ["replace-steps.ts", "internals.ts", "probe.ts"],
    checked: "call",
  },
  __internalParams: {
    does: "gives hooks the parameters of the call (__internalParams), which they can add properties to and pass on",
    usedBy: ["call-params.ts"],
    checked: "call",
  },
  dataPath: {
    does: "keeps the path of a fluent call in dataPath",
    usedBy: ["call-params.ts", "intercept-request.ts", "internals.ts", "check-calls.ts", "check-query.ts"],
    checked: "call",
  },
  argsMapper: {
    does: "maps the arguments of a query by the argsMapper in its parameters, after it has read their unpacker",
    usedBy: ["intercept-request.ts"],
    checked: "query",
  },
  lock: {
    does: "awaits the lock of a batch after it has mapped the arguments and before it sends, and only then looks where to send",
    usedBy: ["batch-handle.ts", "intercept-request.ts"],
    checked: "query",
  },
  unpacker: {
    does: "unpacks the answer to a query by the unpacker in its parameters, and hands on what that returns",
    usedBy: ["intercept-request.ts"],
    checked: "query",
  },
  answer: {
    does: "answers a query that is sent with _executeRequest with its rows",
    usedBy: ["internals.ts", "check-query.ts"],
    checked: "query",
  },
  handleAndLogRequestError: {
    does: "makes the error of a call with handleAndLogRequestError",
    usedBy: ["errors.ts", "own-client.ts"],
    checked: "use",
  },
  _tracingHelper: {
    does: "traces its steps with runInChildSpan and getTraceParent of _tracingHelper",
    usedBy: ["own-client.ts"],
    checked: "extends",
  },
  _errorFormat: {
    does: "takes a stack trace for each call, where _errorFormat is not minimal",
    usedBy: ["own-client.ts"],
    checked: "use",
  },
  _extensions: {
    does: "keeps the extensions of a client in _extensions",
    usedBy: ["extensions.ts", "client-parts.ts", "selection.ts"],
    checked: "use",
  },
  _originalClient: {
    does: "leads from each client to the one without extensions in _originalClient, from a transaction's client by _appliedParent",
    usedBy: ["client-parts.ts", "internals.ts"],
    checked: "use",
  },
  _globalOmit: {
    does: "keeps what the client omits of each model in _globalOmit",
    usedBy: ["selection.ts", "errors.ts"],
    checked: "use",
  },
  _previewFeatures: {
    does: "keeps its preview features in _previewFeatures",
    usedBy: ["selection.ts"],
    checked: "use",
  },
  getConnectionInfo: {
    does: "says in getConnectionInfo of the adapter in which schema it looks for tables",
    usedBy: ["connection-schema.ts"],
    checked: "use",
  },
  driverAdapterError: {
    does: "keeps what the database says of a failure in the cause of a DriverAdapterError, in meta.driverAdapterError",
    usedBy: ["user-facing.ts", "errors.ts", "src/outbox/database-error.ts"],
    checked: "use",
  },
} as const satisfies Readonly<Record<string, PrivateStep>>;

export type PrivateStepName = keyof typeof PRIVATE_STEPS;
