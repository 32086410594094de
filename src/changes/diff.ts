import { sameValue } from "./same-value.js";

/** A row by the names of its fields. */
export type Row = Readonly<Record<string, unknown>>;

/** What changed: the same fields twice. */
export interface Difference {
  /** New values. */
  readonly changes: Row;
  /** Old values. */
  readonly initialData: Row;
}

const NOTHING: Difference = { changes: {}, initialData: {} };

/** A new row: every field that has a value. There was nothing before. */
export function creation(row: Row): Difference {
  const changes: Record<string, unknown> = {};
  const initialData: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null || value === undefined) continue;
    changes[name] = value;
    initialData[name] = null;
  }
  return { changes, initialData };
}

/** A row that went: nothing changed, it is just not there any more. */
export function deletion(): Difference {
  return NOTHING;
}

/**
 * A row before and after. Undefined when nothing changed, or nothing but fields that change with every write.
 *
 * @param touched fields such as `@updatedAt`, which alone make no difference.
 */
export function modification(before: Row, after: Row, touched: ReadonlySet<string>): Difference | undefined {
  const changes: Record<string, unknown> = {};
  const initialData: Record<string, unknown> = {};
  let differs = false;
  for (const [name, value] of Object.entries(after)) {
    if (sameValue(before[name], value)) continue;
    changes[name] = value;
    initialData[name] = before[name];
    differs ||= !touched.has(name);
  }
  return differs ? { changes, initialData } : undefined;
}
