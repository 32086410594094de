import { replaceForAll } from "./caller.js";
import { type InternalClient, type InternalParams, incompatible, isOurs } from "./internals.js";

/** Sends a call to the database. */
export type Send = (params: InternalParams) => Promise<unknown>;

/**
 * What captures a call once all extensions have had their say: gets its parameters as they left them. Undefined: there is
 * nothing to capture.
 */
export type CaptureStep = (params: InternalParams, send: Send) => Promise<unknown> | undefined;

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
export function captureSent(params: InternalParams, send: Send): Promise<unknown> | undefined {
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
  replaceForAll(
    root,
    "_executeRequest",
    (execute) =>
      function (params) {
        const send: Send = (sent) => execute.call(this, sent);
        return captureSent(params, send) ?? send(params);
      },
  );
}

const checks = new WeakMap<InternalClient, Promise<void>>();
const checked = new WeakSet<InternalClient>();

/**
 * Checks, once for each root client, that Prisma sends calls by what {@link watchSending} replaces. Sends nothing.
 *
 * @returns undefined when it is known.
 * @throws EventBusError `PRISMA_INCOMPATIBLE`: a call would not be captured.
 */
export function checkSending(root: InternalClient): Promise<void> | undefined {
  if (checked.has(root)) return undefined;
  const known = checks.get(root) ?? askSending(root).then(() => void checked.add(root));
  checks.set(root, known);
  return known;
}

interface AskedCall {
  readonly args: unknown;
  readonly query: (args: unknown, params: InternalParams) => Promise<unknown>;
  readonly __internalParams: InternalParams;
}

async function askSending(root: InternalClient): Promise<void> {
  let isSeen = false;
  const step: CaptureStep = () => {
    isSeen = true;
    return Promise.resolve([]);
  };
  const asked = root.$extends({
    name: "ex-event-bus",
    query: {
      $queryRawUnsafe({ args, query, __internalParams: params }: AskedCall) {
        captureWhenSent(params, step);
        return query(args, params);
      },
    },
  }) as InternalClient;
  await asked.$queryRawUnsafe("select 1");
  if (!isSeen) throw incompatible("the last step of a call (_executeRequest)");
}
