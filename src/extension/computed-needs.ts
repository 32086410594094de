import type { InternalClient } from "./prisma-internals.js";

/** A Prisma extension, as far as its computed fields go. */
interface ResultExtension {
  readonly result?: Readonly<
    Record<string, Readonly<Record<string, { readonly needs?: object } | undefined>> | undefined>
  >;
}

/**
 * Which columns the computed fields of other extensions read. Prisma computes after the query hooks, from what they
 * return: these columns must stay there, though the caller does not see them.
 */
export class ComputedNeeds {
  /** A client that knows the computed fields, so that its queries read what they need; undefined: there are none. */
  client: InternalClient | undefined;

  /** By the client's name of a model; `$allModels` for all. */
  readonly #byModel = new Map<string, Set<string>>();

  /** Takes note of an extension that is put on the client. */
  note(extension: unknown): void {
    if (typeof extension !== "object" || extension === null) return;
    const { result } = extension as ResultExtension;
    if (result === undefined) return;
    if (this.client !== undefined) this.client = this.client.$extends({ result }) as InternalClient;
    for (const [model, fields] of Object.entries(result)) {
      for (const field of Object.values(fields ?? {})) this.add(model, Object.keys(field?.needs ?? {}));
    }
  }

  add(model: string, columns: readonly string[]): void {
    const known = this.#byModel.get(model) ?? new Set();
    this.#byModel.set(model, known);
    for (const column of columns) known.add(column);
  }

  has(jsName: string, column: string): boolean {
    return (
      this.#byModel.get(jsName)?.has(column) === true || this.#byModel.get("$allModels")?.has(column) === true
    );
  }
}
