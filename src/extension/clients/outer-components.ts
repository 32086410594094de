import { EventBusError } from "../../errors.js";
import { DESCRIBE } from "../../registry/captured-model.js";
import type { Bus } from "../prisma/bus.js";
import {
  clientWithin,
  isClient,
  madeOf,
  schemaOf,
  sharesEngine,
  withoutExtensions,
} from "../prisma/client-parts.js";
import { addedMethods } from "../prisma/extensions.js";
import { type InternalClient, transactionOf } from "../prisma/internals.js";
import { isPrismaPromise } from "../prisma/lazy-promise.js";
import type { OuterExtensions } from "./outer-extensions.js";

/** How clients are made that capture. */
export interface Adopting {
  readonly bus: Bus;
  readonly calls: OuterExtensions;
  /** Applies the extension to another client of the same schema. */
  readonly extend: (client: InternalClient) => InternalClient;
}

type Method = (this: unknown, ...args: readonly unknown[]) => unknown;

/**
 * The methods that outer extensions have added to clients and models, such that what they write with the client
 * that they were given is captured, and that clients which they hand out (`$primary()`, the transaction of a wrapper
 * that tries again) capture like the one that they are called on.
 */
export function outerComponents(adopting: Adopting): { readonly client: object; readonly model: object } {
  const { bus, calls } = adopting;
  // Those of Prisma's own are put in their place elsewhere, or hand out nothing.
  const own = new Set(Object.getOwnPropertyNames(Object.getPrototypeOf(withoutExtensions(bus.root))));
  const client = methodsOf(addedMethods(bus.client), (method, name) =>
    own.has(name) ? undefined : handingOut(adopting, method),
  );
  const models = Array.from(bus.models.values(), ({ name, jsName }) => {
    const methods = methodsOf(addedMethods(bus.client, name), (method) => within(calls, method));
    return [jsName, methods] as const;
  });
  const model = Object.fromEntries(models.filter(([, methods]) => Object.keys(methods).length > 0));
  return { client, model: Object.assign(Object.create(null), model) };
}

function methodsOf(
  given: Readonly<Record<string, unknown>>,
  wrapped: (method: Method, name: string) => Method | undefined,
): object {
  const methods: Record<string, Method> = Object.create(null);
  for (const [name, method] of Object.entries(given)) {
    const instead = typeof method === "function" ? wrapped(method as Method, name) : undefined;
    if (instead !== undefined) methods[name] = instead;
  }
  return methods;
}

function within(calls: OuterExtensions, method: Method): Method {
  return new Proxy(method, {
    apply: (target, self, args) =>
      startedWithin(
        calls,
        calls.within(() => Reflect.apply(target, self, args)),
      ),
  });
}

/** A promise of Prisma's own starts when it is awaited, which is after the end of the method that made it. */
function startedWithin(calls: OuterExtensions, result: unknown): unknown {
  if (!isPrismaPromise(result)) return result;
  return new Proxy(result, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? within(calls, value.bind(target) as Method) : value;
    },
  });
}

function handingOut(adopting: Adopting, method: Method): Method {
  return new Proxy(method, {
    apply(target, self: unknown, args: unknown[]) {
      const adopt = (value: unknown) => adopted(adopting, self as InternalClient, value);
      const given = args.map((arg) =>
        typeof arg === "function" ? gettingClients(arg as Method, adopt) : arg,
      );
      const result: unknown = adopting.calls.within(() => Reflect.apply(target, self, given));
      if (isPrismaPromise(result)) return startedWithin(adopting.calls, result);
      return result instanceof Promise ? result.then(adopt) : adopt(result);
    },
  });
}

/** A callback that gets clients which capture. */
function gettingClients(callback: Method, adopt: (value: unknown) => unknown): Method {
  return new Proxy(callback, {
    apply: (target, self, args: unknown[]) => Reflect.apply(target, self, args.map(adopt)),
  });
}

const extendedClients = new WeakMap<Bus, WeakMap<object, InternalClient>>();

/** What an outer extension hands out: a client that captures, where it is one of this schema that does not. */
function adopted(adopting: Adopting, self: InternalClient, value: unknown): unknown {
  if (!isClient(value) || DESCRIBE in value) return value;
  const { bus } = adopting;
  if (schemaOf(value).text !== schemaOf(bus.root).text) return value;
  if (transactionOf(value)?.kind === "itx") return transactionClient(adopting, self, value);
  return typeof value.$extends === "function" ? extended(adopting, value) : value;
}

function extended({ bus, extend }: Adopting, client: InternalClient): InternalClient {
  const known = extendedClients.get(bus) ?? new WeakMap<object, InternalClient>();
  extendedClients.set(bus, known);
  const capturing = known.get(client) ?? extend(client);
  known.set(client, capturing);
  return capturing;
}

function transactionClient(adopting: Adopting, self: InternalClient, inner: InternalClient): InternalClient {
  const isOurs = sharesEngine(inner, adopting.bus.root) && DESCRIBE in self;
  const outer = isOurs ? self : extended(adopting, madeOf(inner));
  return clientWithin(outer, inner);
}

/**
 * The client of a transaction that `$transaction` of an outer extension has opened, as the caller's own client
 * would have made it: that extension may have asked the client that it was given.
 *
 * @throws EventBusError `TRANSACTION_ESCAPED` when it is a transaction of another Prisma client.
 */
export function inCallersTransaction(client: InternalClient, inner: InternalClient): InternalClient {
  if (DESCRIBE in inner) return inner;
  if (!sharesEngine(inner, client)) throw escaped();
  return clientWithin(client, inner);
}

function escaped(): EventBusError {
  return new EventBusError(
    "TRANSACTION_ESCAPED",
    "An extension that was applied before eventBus() opened a transaction of another Prisma client in its $transaction, " +
      "where events could not be written. Nothing was written. Expected that eventBus() is applied to that client too, " +
      "before that extension.",
  );
}
