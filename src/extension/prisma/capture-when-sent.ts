import { type InternalClient, type InternalParams, isOurs } from "./internals.js";
import { type GoOn, sendInstead } from "./replace-steps.js";

/**
 * What captures a call once all extensions have had their say: gets its parameters as they left them. Undefined: there is
 * nothing to capture.
 */
export type CaptureStep = (params: InternalParams, send: GoOn) => Promise<unknown> | undefined;

/** On a call's parameters: what captures it. Copies that extensions make have it too. */
const STEP = Symbol("ex-event-bus.capture");

/**
 * Has a call captured where it is sent. The hooks of extensions that were applied later run between our own hook and that
 * step: what they do before and after it is no part of the captured call, and each time that one of them runs
 * `query(args)` is a call of its own, as it is to Prisma.
 */
export function captureWhenSent(params: InternalParams, step: CaptureStep): void {
  Object.assign(params, { [STEP]: step });
}

/** Captures a call that is about to be sent; undefined: it is to be sent as it is. */
export function captureSent(params: InternalParams, send: GoOn): Promise<unknown> | undefined {
  const { [STEP]: step } = params as { readonly [STEP]?: CaptureStep };
  if (step === undefined || isOurs(params)) return undefined;
  try {
    return step(params, send);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Has all clients of a root capture what they send. */
export function watchSending(root: InternalClient): void {
  sendInstead(root, (_, params, send) => captureSent(params, send) ?? send(params));
}
