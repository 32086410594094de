import { AsyncLocalStorage } from "node:async_hooks";
import { hub } from "../../log/hub.js";
import { isWriteOperation } from "../../models/operations.js";
import type { Bus } from "../prisma/bus.js";
import { type AroundCall, type CalledAs, calledAs, isNoted, noteCallerAs } from "../prisma/call-params.js";
import { extensionsOf, withoutExtensions } from "../prisma/client-parts.js";
import { type ExtensionHook, hasHooks, hooksFor } from "../prisma/extensions.js";
import type { InternalClient } from "../prisma/internals.js";
import { startInstead } from "../prisma/replace-steps.js";
import { outsideBatch } from "../transactions/joined-batch.js";

/** A call in which an outer extension runs: one that was applied before this one, so that its hooks run around ours. */
interface OuterCall {
  /** Makes a client capture as the extended one does. */
  readonly capturing: (client: InternalClient) => InternalClient;
  /** Whether anything of it went through our hooks. */
  isSeen: boolean;
}

const outerCalls = new AsyncLocalStorage<OuterCall | undefined>();

/**
 * Has calls that outer extensions make with the client that they were given captured like those of the extended client:
 * they would pass by our hooks. Of calls that were answered without any of these a warning is given once for each model
 * and operation: whatever answered them may have written rows.
 */
export class OuterExtensions {
  readonly #bus: Bus;
  readonly #isHooked: (model: string, operation: string) => boolean;
  /** Our own hooks. */
  readonly query: object;
  /** Clients that capture, by the extensions of those that do not. */
  readonly #capturing = new WeakMap<object, InternalClient>();
  readonly #warned = new Set<string>();

  /** @param queryOf makes our own hooks of what runs each of them. */
  constructor(
    bus: Bus,
    isHooked: (model: string, operation: string) => boolean,
    queryOf: (hooked: <T>(run: () => T) => T) => object,
  ) {
    this.#bus = bus;
    this.#isHooked = isHooked;
    this.query = queryOf(this.hooked);
    watchRoot(bus.root);
  }

  /** Around each call of the extended client. */
  readonly around: AroundCall = (_, params, run) =>
    outsideBatch(() => {
      const { jsModelName, action, clientMethod } = calledAs(params);
      const { client } = this.#bus;
      return hasHooks(client, jsModelName ?? "$none", jsModelName === undefined ? clientMethod : action)
        ? this.#watch(calledAs(params), run)
        : run();
    });

  /** Runs what an outer extension has added to clients or models. */
  within<T>(run: () => T): T {
    return outerCalls.run(this.#outerCall(), run);
  }

  /** Runs our own hook: what comes after it was applied after us, and means the client that it was given. */
  readonly hooked = <T>(run: () => T): T => {
    const call = outerCalls.getStore();
    if (call === undefined) return run();
    call.isSeen = true;
    return outerCalls.run(undefined, run);
  };

  async #watch(call: CalledAs, run: () => Promise<unknown>): Promise<unknown> {
    const own = this.#outerCall();
    const outer = outerCalls.getStore();
    const result = await outerCalls.run(own, run);
    if (own.isSeen && outer !== undefined) outer.isSeen = true;
    const { model, action } = call;
    if (!own.isSeen && model !== undefined && this.#isHooked(model, action)) this.#warn(model, action, call);
    return result;
  }

  #outerCall(): OuterCall {
    return { capturing: (client) => this.#capture(client), isSeen: false };
  }

  #capture(client: InternalClient): InternalClient {
    const key = extensionsOf(client);
    const known = this.#capturing.get(key);
    if (known !== undefined) return known;
    // The client without our methods: what its transaction is the parameters of the call say.
    const plain = withoutExtensions(client).$extends.call(client, { query: this.query });
    this.#capturing.set(key, plain as InternalClient);
    return plain as InternalClient;
  }

  #warn(model: string, operation: string, { jsModelName = "" }: CalledAs): void {
    const call = `prisma.${jsModelName}.${operation}`;
    if (this.#warned.has(call)) return;
    this.#warned.add(call);
    const extensions = namesOf(hooksFor(this.#bus.client, jsModelName, operation));
    hub.report({ type: "capture:unseen", model, operation, extensions });
    process.emitWarning(
      `${call} was answered by an extension that was applied before eventBus(): ${extensions.join(" or ")}. What it wrote ` +
        "with another client than the one that it was given led to no event. Expected that eventBus() is applied first.",
      { type: "EventBusWarning", code: "EX_EVENT_BUS_UNSEEN" },
    );
  }
}

/** The names of extensions as messages have them. */
function namesOf(hooks: readonly ExtensionHook[]): readonly string[] {
  return Array.from(
    new Set(hooks.map(({ extension }) => (extension ? `"${extension}"` : "one without a name"))),
  );
}

/** Extensions may close over any client between the root and the one that was extended. */
function watchRoot(root: InternalClient): void {
  startInstead(root, (client, params, start) => {
    const call = outerCalls.getStore();
    const { model, action } = calledAs(params);
    if (call === undefined || model === undefined || !isWriteOperation(action) || isNoted(client))
      return start(params);
    const capturing = call.capturing(client);
    noteCallerAs(capturing, params);
    return start(params, capturing);
  });
}
