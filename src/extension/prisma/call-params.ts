import type { Bus } from "./bus.js";
import { type InternalClient, type InternalParams, type LazyPromise, missingStep } from "./internals.js";

/** What Prisma gives to a hook, private parts included. */
export interface HookCall<Operation extends string, Args extends object> {
  readonly model?: string;
  readonly operation: Operation;
  readonly args: Args;
  readonly query: (args: Args, params?: InternalParams) => LazyPromise;
  readonly __internalParams?: InternalParams;
}

/**
 * The parameters of the call that a hook is called for.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`
 */
export function paramsOf({
  __internalParams: params,
}: {
  readonly __internalParams?: InternalParams | undefined;
}): InternalParams {
  if (params === undefined) throw missingStep("__internalParams");
  return params;
}

/** The relations at the end of which a fluent call is answered: `["posts"]` for `update(…).posts()`. */
export function fluentPathOf({ dataPath }: InternalParams): readonly string[] {
  return dataPath.filter((_, index) => index % 2 === 1);
}

/** What is called, as hooks are looked up by it. */
export interface CalledAs {
  readonly model?: string;
  readonly jsModelName?: string;
  readonly action: string;
  readonly clientMethod: string;
}

/** What a call is, by its parameters. */
export function calledAs(params: InternalParams): CalledAs {
  return params as unknown as CalledAs;
}

/** The parameters of a call as those of one of another model. */
export function ofModel(
  params: InternalParams,
  model: { readonly name: string; readonly jsName: string },
): InternalParams {
  return { ...params, model: model.name, jsModelName: model.jsName };
}

/** On the parameters of a call: the client that it is made on. */
const CALLER = Symbol("ex-event-bus.caller");

type Noted = InternalParams & { [CALLER]?: InternalClient };

/** What is done around a call, before any hook of an extension sees it. */
export type AroundCall = (
  client: InternalClient,
  params: InternalParams,
  run: () => Promise<unknown>,
) => Promise<unknown>;

/** The functions of ours that clients have as `_request`. */
const ours = new WeakSet<object>();

/**
 * Has the calls of a client say on which client they are made: hooks are not told, and computed fields of extensions
 * that came later are known to that client only. Clients of its transactions inherit it; clients that are made of it by
 * `$extends` do not.
 */
export function noteCaller<C extends object>(extended: C, around: AroundCall): C {
  const client = extended as C & InternalClient;
  if (typeof client._request !== "function" || isNoted(client)) return extended;
  const request = client._request;
  function noted(this: InternalClient, params: InternalParams): Promise<unknown> {
    noteCallerAs(this, params);
    return around(this, params, () => request.call(this, params));
  }
  ours.add(noted);
  Object.defineProperty(client, "_request", { value: noted, writable: true, configurable: true });
  return extended;
}

/** Has a function that was put in the place of another one, and calls it, count as that one. */
export function noteInstead(before: InternalClient["_request"], now: InternalClient["_request"]): void {
  if (ours.has(before)) ours.add(now);
}

/** Whether the calls of a client say so. */
export function isNoted({ _request }: InternalClient): boolean {
  return ours.has(_request);
}

/** Notes the client of a call, before any extension has seen the parameters. Copies that extensions make of them keep it. */
export function noteCallerAs(client: InternalClient, params: InternalParams): void {
  (params as Noted)[CALLER] = client;
}

/** The client that a call is made on; the one that was extended where that is not known. */
export function callerOf({ client }: Bus, params: InternalParams): InternalClient {
  return (params as Noted)[CALLER] ?? client;
}
