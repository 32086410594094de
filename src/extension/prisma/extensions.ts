// What Prisma does not document of the extensions of a client. As in internals.ts, nothing here is needed for
// events to be in the mutation's transaction: where it is missing, there are no other extensions to be seen.

/** All extensions of a client. */
export interface ExtensionList {
  readonly head?: ExtensionNode | undefined;
  getAllComputedFields?(model: string): ComputedFields | undefined;
  getAllQueryCallbacks?(jsModelName: string, operation: string): readonly unknown[];
  getAllClientExtensions?(): Readonly<Record<string, unknown>> | undefined;
  getAllModelExtensions?(model: string): Readonly<Record<string, unknown>> | undefined;
}

/** One of them, with those from before. */
interface ExtensionNode {
  readonly extension?: { readonly name?: string };
  readonly previous?: ExtensionNode | undefined;
  getAllQueryCallbacks?(jsModelName: string, operation: string): readonly unknown[];
}

/** The computed fields of a model by name, with the columns that they read. */
export type ComputedFields = Readonly<
  Record<string, { readonly name: string; readonly needs: readonly string[] }>
>;

interface Extended {
  readonly _extensions?: ExtensionList;
}

/** A hook of an extension. */
export interface ExtensionHook {
  /** The name of its extension; undefined when it has none. */
  readonly extension: string | undefined;
  /** Of its extension among all of the client, from the first one. */
  readonly position: number;
}

const NONE: readonly ExtensionHook[] = [];

/** Which extensions of a client have hooks for an operation, the first one first. */
export function hooksFor(client: Extended, jsModelName: string, operation: string): readonly ExtensionHook[] {
  const list = client._extensions;
  if ((list?.getAllQueryCallbacks?.(jsModelName, operation).length ?? 0) === 0) return NONE;
  const nodes: ExtensionNode[] = [];
  for (let node = list?.head; node !== undefined; node = node.previous) nodes.unshift(node);
  const count = (node: ExtensionNode | undefined) =>
    node?.getAllQueryCallbacks?.(jsModelName, operation).length ?? 0;
  const hooks = nodes.flatMap((node, position) =>
    count(node) > count(node.previous) ? [{ extension: node.extension?.name, position }] : [],
  );
  return hooks.length > 0 ? hooks : [{ extension: undefined, position: 0 }];
}

/** Whether there are any; this is asked for every call. */
export function hasHooks({ _extensions }: Extended, jsModelName: string, operation: string): boolean {
  return (_extensions?.getAllQueryCallbacks?.(jsModelName, operation).length ?? 0) > 0;
}

/** The methods that extensions have added to a client, or to one of its models. */
export function addedMethods({ _extensions }: Extended, model?: string): Readonly<Record<string, unknown>> {
  const added =
    model === undefined
      ? _extensions?.getAllClientExtensions?.()
      : _extensions?.getAllModelExtensions?.(model);
  return added ?? {};
}

const SCOPE = "prisma.client.transaction.scope_context";

/** Where a transaction's client is among the nested ones. */
export function transactionScopeOf(client: object): {
  readonly scopeId?: unknown;
  readonly scopeState?: unknown;
} {
  const symbol = Object.getOwnPropertySymbols(client).find(({ description }) => description === SCOPE);
  return symbol === undefined ? {} : (Reflect.get(client, symbol) as object);
}
