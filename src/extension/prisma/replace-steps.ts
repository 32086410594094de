import { noteInstead } from "./call-params.js";
import { withoutExtensions } from "./client-parts.js";
import { type InternalClient, type InternalParams, isOurs, missingStep } from "./internals.js";

/** Goes on with a step of a call; on another client where one is given. */
export type GoOn = (params: InternalParams, client?: InternalClient) => Promise<unknown>;

/** What is done instead of a step of a call, on the client that it is made on. */
export type Instead = (client: InternalClient, params: InternalParams, goOn: GoOn) => Promise<unknown>;

/** The start of a call, and its sending after all hooks. */
type Step = "_request" | "_executeRequest";

const replacements = new WeakMap<object, Set<Step>>();

/** Replaces how calls start on all clients of a root, once. */
export function startInstead(root: InternalClient, instead: Instead): void {
  replaceForAll(root, "_request", instead);
}

/** Replaces how all clients of a root send calls, once. */
function sendInstead(root: InternalClient, instead: Instead): void {
  replaceForAll(root, "_executeRequest", instead);
}

/** Clients that are extended, and those in between, have a method of the first one. */
function replaceForAll(root: InternalClient, step: Step, instead: Instead): void {
  const original = withoutExtensions(root);
  const known = replacements.get(original) ?? new Set<Step>();
  replacements.set(original, known);
  if (known.has(step)) return;
  known.add(step);
  Object.defineProperty(original, step, {
    writable: true,
    configurable: true,
    value: replaced(original[step], instead),
  });
}

function replaced(before: InternalClient[Step], instead: Instead): InternalClient[Step] {
  return function (this: InternalClient, params) {
    return instead(this, params as InternalParams, (given, client = this) => before.call(client, given));
  };
}

const own = new WeakSet<InternalClient[Step]>();

/** Replaces both steps of one client, and of the clients of its transactions. */
export function replaceSteps(client: InternalClient, start: Instead, send: Instead): void {
  if (hasOwnSteps(client)) return;
  const started = replaced(client._request, start);
  noteInstead(client._request, started);
  client._request = started;
  const sent = replaced(client._executeRequest, send);
  own.add(sent);
  client._executeRequest = sent;
  assertReplaced(client);
}

function hasOwnSteps(client: InternalClient): boolean {
  return own.has(client._executeRequest);
}

/**
 * @throws EventBusError `PRISMA_INCOMPATIBLE` when {@link replaceSteps} does not hold for a client: that of a transaction
 * has the steps of the client that it was made of.
 */
export function assertReplaced(client: InternalClient): void {
  if (!hasOwnSteps(client)) throw missingStep("_executeRequest");
}

/**
 * Captures a call after the hooks of all extensions, with the parameters as these left them. Undefined: there is
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
