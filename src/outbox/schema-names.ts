/** The two PostgreSQL schemas that the package uses. */
export interface SchemaNames {
  /** Our own tables and functions. Default `event_bus`. */
  readonly schema: string;
  /** graphile-worker's. Default `graphile_worker`. */
  readonly workerSchema: string;
}

export const DEFAULT_SCHEMA_NAMES: SchemaNames = { schema: "event_bus", workerSchema: "graphile_worker" };

/** A name as SQL needs it, safe whatever it contains. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL needs it, safe whatever it contains. */
export function quoteText(text: string): string {
  // E'' with doubled backslashes, so that the outcome does not depend on standard_conforming_strings.
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

const PLACEHOLDERS = /:(BUS|BUS_TEXT|WORKER|WORKER_TEXT)\b/g;

/** Puts the escaped schema names in the place of `:BUS` and `:WORKER`, as text literals in that of `:BUS_TEXT` and `:WORKER_TEXT`. */
export function withSchemas(sql: string, names: SchemaNames): string {
  return sql.replace(PLACEHOLDERS, (_, placeholder: string) => {
    switch (placeholder) {
      case "BUS":
        return quoteIdentifier(names.schema);
      case "WORKER":
        return quoteIdentifier(names.workerSchema);
      case "BUS_TEXT":
        return quoteText(names.schema);
      default:
        return quoteText(names.workerSchema);
    }
  });
}

/** A statement with schema placeholders, resolved once for each pair of names. */
export function statement(sql: string): (names: SchemaNames) => string {
  const resolved = new Map<string, string>();
  return (names) => {
    const key = JSON.stringify([names.schema, names.workerSchema]);
    const known = resolved.get(key);
    if (known !== undefined) return known;
    const text = withSchemas(sql, names);
    resolved.set(key, text);
    return text;
  };
}
