/** What Prisma tells the caller of an error of its driver adapter. */
export interface UserFacing {
  readonly code: string;
  readonly message: string;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** The cause of an error of a driver adapter, as far as it is told. */
export interface AdapterCause {
  readonly kind?: string;
  readonly originalCode?: string;
  readonly originalMessage?: string;
  readonly constraint?: Constraint;
  readonly [detail: string]: unknown;
}

type Constraint =
  | { readonly fields: readonly string[] }
  | { readonly index: string }
  | { readonly foreignKey: object };

/** An error of a driver adapter. */
export interface AdapterError extends Error {
  readonly cause: AdapterCause;
}

/** Recognised as Prisma does it. */
export function isAdapterError(error: unknown): error is AdapterError {
  return error instanceof Error && error.name === "DriverAdapterError" && typeof error.cause === "object";
}

const conflict = "Transaction failed due to a write conflict or a deadlock. Please retry your transaction";

const or = (value: unknown) => (value === undefined || value === null ? "(not available)" : String(value));

type Told = readonly [code: string, message: (cause: AdapterCause) => string];

// As Prisma's own engine has them, for statements of models.
const TOLD: Readonly<Record<string, Told>> = {
  AuthenticationFailed: [
    "P1000",
    ({ user }) =>
      `Authentication failed against the database server, the provided database credentials for \`${or(user)}\` are not valid`,
  ],
  DatabaseNotReachable: [
    "P1001",
    ({ host, port }) => {
      const address = host && port ? `${host}:${port}` : host;
      return `Can't reach database server${address ? ` at ${address}` : ""}`;
    },
  ],
  DatabaseDoesNotExist: ["P1003", ({ db }) => `Database \`${or(db)}\` does not exist on the database server`],
  SocketTimeout: ["P1008", () => "Operation has timed out"],
  DatabaseAlreadyExists: [
    "P1009",
    ({ db }) => `Database \`${or(db)}\` already exists on the database server`,
  ],
  DatabaseAccessDenied: ["P1010", ({ db }) => `User was denied access on the database \`${or(db)}\``],
  TlsConnectionError: ["P1011", ({ reason }) => `Error opening a TLS connection: ${reason}`],
  ConnectionClosed: ["P1017", () => "Server has closed the connection."],
  TransactionAlreadyClosed: ["P1018", ({ cause }) => String(cause)],
  LengthMismatch: [
    "P2000",
    ({ column }) =>
      `The provided value for the column is too long for the column's type. Column: ${or(column)}`,
  ],
  UniqueConstraintViolation: [
    "P2002",
    ({ constraint }) => `Unique constraint failed on the ${rendered(constraint)}`,
  ],
  ForeignKeyConstraintViolation: [
    "P2003",
    ({ constraint }) => `Foreign key constraint violated on the ${rendered(constraint)}`,
  ],
  RestrictViolation: [
    "P2003",
    ({ constraint }) => `Foreign key constraint violated on the ${rendered(constraint)}`,
  ],
  InvalidInputValue: ["P2007", ({ message }) => `Invalid input value: ${message}`],
  UnsupportedNativeDataType: [
    "P2010",
    ({ type }) =>
      `Failed to deserialize column of type '${type}'. If you're using $queryRaw and this column is explicitly marked as \`Unsupported\` in your Prisma schema, try casting this column to any supported Prisma type such as \`String\`.`,
  ],
  NullConstraintViolation: [
    "P2011",
    ({ constraint }) => `Null constraint violation on the ${rendered(constraint)}`,
  ],
  ValueOutOfRange: ["P2020", ({ cause }) => `Value out of range for the type: ${cause}`],
  TableDoesNotExist: [
    "P2021",
    ({ table }) => `The table \`${or(table)}\` does not exist in the current database.`,
  ],
  ColumnNotFound: [
    "P2022",
    ({ column }) => `The column \`${or(column)}\` does not exist in the current database.`,
  ],
  InvalidIsolationLevel: ["P2023", ({ level }) => `Error in connector: Conversion error: ${level}`],
  InconsistentColumnData: ["P2023", ({ cause }) => `Inconsistent column data: ${cause}`],
  TransactionWriteConflict: ["P2034", () => conflict],
  GenericJs: ["P2036", ({ id }) => `Error in external connector (id ${id})`],
  TooManyConnections: ["P2037", ({ cause }) => `Too many database connections opened: ${cause}`],
};

/**
 * What Prisma says of an error of its driver adapter when a statement of a model meets it. Its engine does that before the
 * error leaves it; errors of COMMIT and of raw statements leave it as they are, and as P2010.
 *
 * @returns undefined for what it has no code for.
 */
export function userFacing(error: AdapterError): UserFacing | undefined {
  const { cause } = error;
  const told = TOLD[cause.kind ?? ""];
  if (told !== undefined) {
    const [code, message] = told;
    const isOfTable = cause.kind === "UniqueConstraintViolation" && Boolean(cause["table"]);
    const table = isOfTable ? { table: cause["table"] } : {};
    return { code, message: message(cause), meta: { driverAdapterError: error, ...table } };
  }
  if (cause.kind !== "postgres") return undefined;
  const text = cause.originalMessage ?? error.message;
  const message = `Database error. Code: \`${cause.originalCode ?? "N/A"}\`. Message: \`${text}\``;
  return { code: "P2039", message, meta: { driverAdapterError: error } };
}

function rendered(constraint: Constraint | undefined): string {
  if (constraint === undefined || constraint === null) return "(not available)";
  if ("fields" in constraint) return `fields: (${constraint.fields.map((name) => `\`${name}\``).join(", ")})`;
  if ("index" in constraint) return `constraint: \`${constraint.index}\``;
  return "foreignKey" in constraint ? "foreign key" : "(not available)";
}
