import type { RowChange } from "../../capture/row-change.js";
import type { Row } from "../../changes/diff.js";
import type { Model, Models } from "../../models/model.js";
import { comparableTexts } from "../../models/row-key.js";
import { compareByKey } from "../rows/row-order.js";

interface Changed {
  readonly change: RowChange;
}

/**
 * Rows that were created or changed come before the rows that refer to them, then rows that were deleted after the
 * rows that referred to them. Among themselves: by model as in the schema, then by primary key.
 */
export function byReference<C extends Changed>(models: Models, changes: readonly C[]): readonly C[] {
  const sorted = [...changes].sort((a, b) => compare(models, a.change, b.change));
  const stays = sorted.filter(({ change }) => change.operation !== "delete");
  // Turned round before and after, so that what does not refer to each other stays in the order of keys.
  const gone = sorted.filter(({ change }) => change.operation === "delete").reverse();
  return [...referredFirst(stays, afterOf), ...Array.from(referredFirst(gone, beforeOf)).reverse()];
}

function compare(models: Models, a: RowChange, b: RowChange): number {
  if (a.model === b.model) return compareByKey(a.model, rowOf(a), rowOf(b));
  const names = Array.from(models.keys());
  return names.indexOf(a.model.name) - names.indexOf(b.model.name);
}

function rowOf(change: RowChange): Row {
  return change.after ?? change.before ?? {};
}

function afterOf({ change }: Changed): Row {
  return change.after ?? {};
}

function beforeOf({ change }: Changed): Row {
  return change.before ?? {};
}

/** Depth first along the foreign keys, as far as the rows that they refer to are among these. */
function referredFirst<C extends Changed>(changes: readonly C[], row: (one: C) => Row): readonly C[] {
  const indexes = new Map<string, Map<string, C>>();
  const find = (model: string, fields: readonly string[], texts: readonly string[]) => {
    const name = JSON.stringify([model, fields]);
    let index = indexes.get(name);
    if (index === undefined) {
      index = new Map();
      for (const one of changes) {
        const key =
          one.change.model.name === model ? comparableTexts(one.change.model, fields, row(one)) : undefined;
        if (key !== undefined) index.set(JSON.stringify(key), one);
      }
      indexes.set(name, index);
    }
    return index.get(JSON.stringify(texts));
  };
  const order: C[] = [];
  const seen = new Set<C>();
  const referredBy = (one: C): C[] => {
    const others: C[] = [];
    for (const [model, fields, texts] of referencesOf(one.change.model, row(one))) {
      const other = find(model, fields, texts);
      if (other !== undefined && !seen.has(other)) others.push(other);
    }
    return others.reverse();
  };
  // With a stack of its own: chains of rows can be longer than calls can be nested.
  for (const first of changes) {
    const path: { readonly one: C; readonly open: C[] }[] = [];
    const enter = (one: C): void => {
      if (seen.has(one)) return;
      seen.add(one);
      path.push({ one, open: referredBy(one) });
    };
    enter(first);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.open.pop();
      if (next !== undefined) enter(next);
      else {
        order.push(last.one);
        path.pop();
      }
    }
  }
  return order;
}

function* referencesOf(
  model: Model,
  row: Row,
): Generator<readonly [string, readonly string[], readonly string[]]> {
  for (const relation of model.relations.values()) {
    const texts = relation.fields.length === 0 ? undefined : comparableTexts(model, relation.fields, row);
    if (texts !== undefined) yield [relation.model, relation.references, texts];
  }
}
