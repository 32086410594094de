import type { RuntimeDataModel } from "../../models/read-models.js";
import { type InternalClient, type LazyPromise, missingStep, rootOf, transactionOf } from "./internals.js";
import { callOf } from "./lazy-promise.js";
import { ownClientOf } from "./own-client.js";
import type { PrivateStepName } from "./steps.js";

/** A model as its methods are called. */
export interface CalledModel {
  readonly name: string;
  readonly jsName: string;
  /** A column: a client may omit every one, which Prisma refuses. */
  readonly column: string;
  /** A relation, if it has any. */
  readonly relation: string | undefined;
}

/** A model of which reading can be asked for; undefined when there is none. */
export function anyModel(root: InternalClient): CalledModel | undefined {
  for (const [name, model] of Object.entries(root._runtimeDataModel.models)) {
    const jsName = name.charAt(0).toLowerCase() + name.slice(1);
    const fields: RuntimeDataModel["models"][string]["fields"] = model.fields;
    const column = fields.find(({ kind }) => kind === "scalar")?.name;
    const relation = fields.find(({ kind }) => kind === "object")?.name;
    if (column !== undefined && typeof methodsOf(root, jsName)?.findMany === "function")
      return { name, jsName, column, relation };
  }
  return undefined;
}

/** The methods of a model that read. */
export interface Reads {
  findMany(args: object): LazyPromise;
  findUnique(args: object): LazyPromise & Readonly<Record<string, () => LazyPromise>>;
}

/** @returns undefined when there is no such model. */
export function methodsOf(client: InternalClient, jsName: string): Reads | undefined {
  return (client as unknown as Readonly<Record<string, Reads | undefined>>)[jsName];
}

/**
 * Looks for all that can be looked for at once: nothing is sent, and no call is made.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`
 */
export function probe(client: unknown): asserts client is InternalClient {
  const step = findMissing(rootOf(client as InternalClient));
  if (step !== undefined) throw missingStep(step);
}

function findMissing(root: InternalClient): PrivateStepName | undefined {
  if (typeof root._runtimeDataModel?.models !== "object") return "_runtimeDataModel";
  if (typeof root._engineConfig?.inlineSchema !== "string") return "inlineSchema";
  // Before 7.10 a client does not know the PostgreSQL schema of a model (`@@schema`): rows would be read from other tables.
  const [major = 0, minor = 0] = String(root._clientVersion).split(".").map(Number);
  if (major !== 7 || minor < 10) return "_clientVersion";
  const methods = ["_createPrismaPromise", "_request", "_executeRequest", "_createItxClient"] as const;
  const missing = methods.find((name) => typeof root[name] !== "function");
  if (missing !== undefined) return missing;
  // Not awaited, so not sent.
  const lazy: Partial<LazyPromise> = root.$queryRawUnsafe("select 1");
  if (typeof lazy.requestTransaction !== "function") return "requestTransaction";
  const model = anyModel(root);
  const call = model && callOf(methodsOf(root, model.jsName)?.findMany({}) as LazyPromise);
  if (call?.model !== model?.name || (model !== undefined && call?.action !== "findMany")) return "spec";
  if (transactionOf(root) !== undefined) return "_createPrismaPromise";
  if (typeof root._requestHandler !== "object") return "_requestHandler";
  ownClientOf(root);
  return undefined;
}
