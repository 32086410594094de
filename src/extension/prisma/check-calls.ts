import { isEventBusError } from "../../errors.js";
import { type HookCall, paramsOf } from "./call-params.js";
import { type InternalClient, type InternalParams, type LazyPromise, missingStep } from "./internals.js";
import { sendWith } from "./lazy-promise.js";
import { anyModel, methodsOf } from "./probe.js";
import { captureSent, captureWhenSent, type GoOn, type Instead, replaceSteps } from "./replace-steps.js";
import type { PrivateStepName } from "./steps.js";

/** On a call's parameters: that its start was seen. */
const STARTED = Symbol("ex-event-bus.started");

/** A transaction that there is not. */
const HANDLE = { kind: "itx", id: "none" } as const;

/** What was seen of a call. */
interface Seen {
  params?: InternalParams;
  /** What its hook goes on with. */
  args?: object;
  isNoted?: boolean;
  sent?: InternalParams;
  answer?: unknown;
}

/**
 * Makes calls that are stopped where they would be sent, alone and in a transaction, and looks at each step on their way.
 * Sends nothing, where all is well.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`
 */
export async function checkCalls(root: InternalClient): Promise<void> {
  let seen: Seen = {};
  const token: readonly unknown[] = [];
  const stop = (params: InternalParams) => {
    seen.sent = params;
    return Promise.resolve(token);
  };
  const hook = (call: HookCall<string, object>): Promise<unknown> => {
    const params = paramsOf(call);
    const args = Array.isArray(call.args) ? [...(call.args as readonly unknown[])] : { ...call.args };
    Object.assign(seen, { params, args });
    captureWhenSent(params, stop);
    seen.isNoted = true;
    return call.query(args, params).then((answer) => {
      seen.answer = answer;
      return answer;
    });
  };
  const query = { $queryRawUnsafe: hook, $allModels: { findMany: hook, findUnique: hook } };
  const extend = () => root.$extends({ name: "ex-event-bus", query }) as InternalClient;
  const ask = async (promise: LazyPromise, inTransaction: boolean, path: readonly string[] | undefined) => {
    seen = {};
    const handle = inTransaction ? HANDLE : undefined;
    let failure: unknown;
    try {
      await (handle === undefined ? promise : sendWith(promise, handle));
    } catch (error) {
      if (isEventBusError(error)) throw error;
      failure = error;
    }
    const step = findMissing(seen, handle, path, token);
    if (step !== undefined) throw missingStep(step, failure);
    if (failure !== undefined) throw missingStep("_request", failure);
  };
  const alone = extend();
  const together = extend();
  replaceSteps(together, start, send);
  for (const client of [alone, together]) {
    const isTogether = client === together;
    await ask(client.$queryRawUnsafe("select 1"), isTogether, undefined);
    if (isTogether && !(STARTED in (seen.sent ?? {}))) throw missingStep("_request");
    const model = anyModel(root);
    const methods = model && methodsOf(client, model.jsName);
    if (model === undefined || methods === undefined) continue;
    const { column, relation } = model;
    await ask(methods.findMany({ take: 0, select: { [column]: true } }), isTogether, []);
    if (isTogether && !(STARTED in (seen.sent ?? {}))) throw missingStep("_request");
    const fluent = relation && methods.findUnique({ where: {} })[relation]?.();
    if (relation !== undefined && fluent) await ask(fluent, isTogether, ["select", relation]);
  }
}

const start: Instead = (_, params, goOn) => goOn(Object.assign(params, { [STARTED]: true }));

const send: Instead = (_, params, goOn: GoOn) => captureSent(params, goOn) ?? goOn(params);

function findMissing(
  { params, args, isNoted, sent, answer }: Seen,
  handle: object | undefined,
  path: readonly string[] | undefined,
  token: unknown,
): PrivateStepName | undefined {
  if (params === undefined) return "__internalParams";
  if (params.transaction !== handle) return "requestTransaction";
  if (path !== undefined && (!Array.isArray(params.dataPath) || params.dataPath.join() !== path.join()))
    return "dataPath";
  if (isNoted !== true) return "__internalParams";
  if (sent === undefined) return "_executeRequest";
  if (sent["args"] !== args || sent.transaction !== handle) return "__internalParams";
  return answer === token ? undefined : "_executeRequest";
}
