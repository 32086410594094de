import { EventBusError } from "../errors.js";
import type { Model, Models, RelationField } from "./model.js";

/**
 * By which fields rows of two models are related: they are when the values of `own` and `other` are the same. For
 * implicit many-to-many relations these are related by rows of a table between them.
 */
export interface Link {
  /** Which row has the foreign key: this one, the other one, or one of the table between them. */
  readonly holder: "this" | "other" | "between";
  readonly own: readonly string[];
  readonly other: readonly string[];
  /** Whether a row that is related to another one of these is no longer related to this one. */
  readonly isExclusive: boolean;
  readonly between?: Between;
}

/** The table of an implicit many-to-many relation, as if it were a model. */
export interface Between {
  readonly model: Model;
  readonly ownField: "A" | "B";
  readonly otherField: "A" | "B";
}

const links = new WeakMap<RelationField, Link>();

/** How a relation of `model` is kept. */
export function linkOf(models: Models, model: Model, relation: RelationField): Link {
  const known = links.get(relation);
  if (known !== undefined) return known;
  const link = makeLink(models, model, relation);
  links.set(relation, link);
  return link;
}

/** The same relation as the other model has it. */
export function otherSide(models: Models, model: Model, relation: RelationField): RelationField | undefined {
  return Array.from(models.get(relation.model)?.relations.values() ?? []).find(
    (candidate) =>
      candidate.relationName === relation.relationName &&
      candidate.model === model.name &&
      (relation.model !== model.name || candidate.name !== relation.name),
  );
}

function makeLink(models: Models, model: Model, relation: RelationField): Link {
  const back = otherSide(models, model, relation);
  if (relation.fields.length > 0) {
    const isExclusive = back?.isList === false;
    return { holder: "this", own: relation.fields, other: relation.references, isExclusive };
  }
  if (back !== undefined && back.fields.length > 0) {
    return { holder: "other", own: back.references, other: back.fields, isExclusive: !relation.isList };
  }
  return linkBetween(models, model, relation, back);
}

function linkBetween(
  models: Models,
  model: Model,
  relation: RelationField,
  back: RelationField | undefined,
): Link {
  const target = models.get(relation.model);
  const [ownKey] = model.identity?.fields ?? [];
  const [otherKey] = target?.identity?.fields ?? [];
  if (target === undefined || ownKey === undefined || otherKey === undefined || back === undefined) {
    throw new EventBusError("PRISMA_INCOMPATIBLE", `Found no other side of ${model.name}.${relation.name}`, {
      value: `${model.name}.${relation.name}`,
    });
  }
  // Prisma's rule: A belongs to the model whose name comes first; with one model, to the field whose name does.
  const isFirst = model === target ? relation.name < back.name : model.name < target.name;
  const [first, second] = isFirst ? [model, target] : [target, model];
  const between: Between = {
    model: modelBetween(relation.relationName, first, second),
    ownField: isFirst ? "A" : "B",
    otherField: isFirst ? "B" : "A",
  };
  return { holder: "between", own: [ownKey], other: [otherKey], isExclusive: false, between };
}

const tables = new WeakMap<Model, Map<string, Model>>();

function modelBetween(relationName: string, first: Model, second: Model): Model {
  const ofFirst = tables.get(first) ?? new Map<string, Model>();
  tables.set(first, ofFirst);
  const name = `_${relationName}`;
  const known = ofFirst.get(name);
  if (known !== undefined) return known;
  const field = (column: "A" | "B", { identity, scalars }: Model) => {
    const key = scalars.get(identity?.fields[0] ?? "");
    if (key === undefined) throw new Error(`no key for ${name}.${column}`);
    return [column, { ...key, name: column, column }] as const;
  };
  const key = { name: "A_B", fields: ["A", "B"] };
  const made: Model = {
    name,
    jsName: name,
    isView: false,
    table: name,
    schema: first.schema,
    scalars: new Map([field("A", first), field("B", second)]),
    relations: new Map(),
    keys: [key],
    identity: key,
    referenced: new Set(),
  };
  ofFirst.set(name, made);
  return made;
}
