import { WRITE_OPERATION_NAMES } from "../../models/operations.js";

/** What a hook is called with, as far as it matters here. */
interface HookCall {
  readonly model?: string | undefined;
  readonly args: object;
  readonly query: (args: never) => PromiseLike<unknown>;
}

type Hook<Call extends HookCall> = (call: Call) => PromiseLike<unknown>;

/** The hooks of one model by operation. */
export interface ModelHooks<Call extends HookCall> {
  readonly name: string;
  /** What the client calls it. */
  readonly jsName: string;
  readonly byOperation: ReadonlyMap<string, Hook<Call>>;
}

/**
 * The `query` of an extension. Prisma looks up models and operations by their names in one object, without asking whose
 * names they are: that object must not have those of `Object.prototype`, and a model that is called as an operation is
 * (`Update`) cannot be in it by its own name.
 */
export function queryHooks<Call extends HookCall>(models: readonly ModelHooks<Call>[]): object {
  const misnamed = models.filter(({ jsName }) => OPERATIONS.has(jsName));
  const named = models.filter((model) => !misnamed.includes(model));
  const query = byName(named.map(({ jsName, byOperation }) => [jsName, byName(byOperation)]));
  if (misnamed.length > 0) Object.assign(query, { $allModels: dispatching(misnamed) });
  return query;
}

/** Hooks of all models that go on with the others as if they were not there. */
function dispatching<Call extends HookCall>(models: readonly ModelHooks<Call>[]): object {
  const operations = new Set(models.flatMap(({ byOperation }) => Array.from(byOperation.keys())));
  const hookOf = (operation: string) => {
    const hooks = new Map(models.map(({ name, byOperation }) => [name, byOperation.get(operation)]));
    return (call: Call) => hooks.get(call.model ?? "")?.(call) ?? call.query(call.args as never);
  };
  return byName(Array.from(operations, (operation) => [operation, hookOf(operation)]));
}

/** An object in which nothing is found that was not put there. */
function byName(entries: Iterable<readonly [string, unknown]>): object {
  return Object.assign(Object.create(null), Object.fromEntries(entries)) as object;
}

const OPERATIONS: ReadonlySet<string> = new Set([
  ...WRITE_OPERATION_NAMES,
  ...["findUnique", "findUniqueOrThrow", "findFirst", "findFirstOrThrow", "findMany"],
  ...["aggregate", "count", "groupBy", "findRaw", "aggregateRaw", "executeRaw", "queryRaw", "runCommandRaw"],
]);
