import type { CapturedOperation } from "../registry/capture-rules.js";

/** The operations of a model that write one row. */
export type OneRowOperation = "create" | "update" | "upsert" | "delete";

/** Those that write any number of rows. */
export type ManyRowsOperation =
  | "createMany"
  | "createManyAndReturn"
  | "updateMany"
  | "updateManyAndReturn"
  | "deleteMany";

/** All operations of a model that write. */
export type WriteOperation = OneRowOperation | ManyRowsOperation;

/** What an operation does, and how it is called. */
export interface OperationFacts {
  /** Everything that it can do to one of its rows. */
  readonly changes: readonly CapturedOperation[];
  /** Whether it writes any number of rows. */
  readonly isMany: boolean;
  /** What it answers with; an operation that returns a count answers with `{ count }` and selects nothing. */
  readonly returns: "row" | "rows" | "count";
  /** The argument with the data of rows that it creates; for `createMany` a list of them, or one. */
  readonly createKey: "data" | "create" | undefined;
  /** The argument with what it writes to rows that are there. */
  readonly updateKey: "data" | "update" | undefined;
  /** Whether a `where` says which rows it writes. */
  readonly hasWhere: boolean;
}

/** The same for an operation that writes any number of rows. */
export interface ManyRowsFacts extends OperationFacts {
  readonly isMany: true;
  /** What it does to each of its rows. */
  readonly change: CapturedOperation;
  /** Arguments with which it writes no row. */
  readonly idleArgs: Readonly<Record<string, unknown>>;
}

const NO_ROW = { OR: [] };

const creates = { changes: ["create"], createKey: "data", updateKey: undefined, hasWhere: false } as const;
const updates = { changes: ["update"], createKey: undefined, updateKey: "data", hasWhere: true } as const;
const deletes = { changes: ["delete"], createKey: undefined, updateKey: undefined, hasWhere: true } as const;
const upserts = {
  changes: ["create", "update"],
  createKey: "create",
  updateKey: "update",
  hasWhere: true,
} as const;

const oneRow = { isMany: false, returns: "row" } as const;
const rows = { isMany: true, returns: "rows" } as const;
const count = { isMany: true, returns: "count" } as const;

const createsMany = { ...creates, change: "create", idleArgs: { data: [] } } as const;
const updatesMany = { ...updates, change: "update", idleArgs: { where: NO_ROW, data: {} } } as const;
const deletesMany = { ...deletes, change: "delete", idleArgs: { where: NO_ROW } } as const;

/** Prisma's operations that write, by name. */
export const WRITE_OPERATIONS: Readonly<
  Record<OneRowOperation, OperationFacts> & Record<ManyRowsOperation, ManyRowsFacts>
> = {
  create: { ...creates, ...oneRow },
  createMany: { ...createsMany, ...count },
  createManyAndReturn: { ...createsMany, ...rows },
  update: { ...updates, ...oneRow },
  updateMany: { ...updatesMany, ...count },
  updateManyAndReturn: { ...updatesMany, ...rows },
  upsert: { ...upserts, ...oneRow },
  delete: { ...deletes, ...oneRow },
  deleteMany: { ...deletesMany, ...count },
};

/** Their names. */
export const WRITE_OPERATION_NAMES = Object.keys(WRITE_OPERATIONS) as readonly WriteOperation[];

/** Whether an operation of a model, or of a client, writes rows of a model. */
export function isWriteOperation(name: string | undefined): name is WriteOperation {
  return name !== undefined && Object.hasOwn(WRITE_OPERATIONS, name);
}

/** Whether it writes any number of rows. */
export function writesMany(operation: WriteOperation): operation is ManyRowsOperation {
  return WRITE_OPERATIONS[operation].isMany;
}

/** What a call writes to rows that it creates, and to rows that are there. */
export function writtenData(
  operation: WriteOperation,
  args: Readonly<Record<string, unknown>>,
): { readonly create: unknown; readonly update: unknown } {
  const { createKey, updateKey } = WRITE_OPERATIONS[operation];
  return { create: createKey && args[createKey], update: updateKey && args[updateKey] };
}
