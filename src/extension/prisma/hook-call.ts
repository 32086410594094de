import { type InternalParams, type LazyPromise, missingStep } from "./internals.js";

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
