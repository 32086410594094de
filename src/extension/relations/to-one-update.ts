import { otherSide } from "../../models/link.js";
import type { Model, Models, RelationField } from "../../models/model.js";
import { givenIn, isAcceptedForCreate, isAcceptedForUpdate, isPlainObject } from "./accepted-value.js";

/** A model, seen from a relation that leads to it. */
interface Target {
  readonly models: Models;
  readonly model: Model;
  /** The relation back, which nested data does not have; undefined for data of its own. */
  readonly back?: RelationField | undefined;
}

/**
 * What the `update` of a relation to one row writes to it: the argument, or `data` of the envelope `{ where?, data }`.
 *
 * A model may have fields that are called `data` and `where`. Prisma takes the first that can be read: the envelope,
 * then the data itself. So does this, by names and types of all that is in it. Of a `where`, and of what rows to create
 * need, only the names are looked at: Prisma refuses what is wrong with them unless both can be read.
 */
export function toOneUpdateData(target: Target, argument: unknown): unknown {
  return isEnvelope(target, argument) ? argument.data : argument;
}

function isEnvelope(target: Target, argument: unknown): argument is { readonly data: unknown } {
  if (!isPlainObject(argument)) return false;
  const given = givenIn(argument);
  const data = given.find(([name]) => name === "data");
  if (data === undefined || given.some(([name]) => name !== "data" && name !== "where")) return false;
  // Nothing but the envelope has these names, whatever is in it.
  const { model } = target;
  if (given.some(([name]) => !model.scalars.has(name) && !model.relations.has(name))) return true;
  return given.every(([name, value]) =>
    name === "data" ? canUpdate(target, value) : isCondition(model, value),
  );
}

/** Whether Prisma can read a value as the data of an update. */
function canUpdate(target: Target, value: unknown): boolean {
  return canWrite(target, value, isAcceptedForUpdate, false);
}

function canCreate(target: Target, value: unknown): boolean {
  return canWrite(target, value, isAcceptedForCreate, true);
}

function canWrite(
  { models, model, back }: Target,
  value: unknown,
  accepts: typeof isAcceptedForUpdate,
  isNew: boolean,
): boolean {
  if (!isPlainObject(value)) return false;
  const given = givenIn(value);
  const names = given.map(([name]) => name);
  const foreign = Array.from(model.relations.values()).flatMap(({ fields }) => fields);
  const holders = names.some((name) => (model.relations.get(name)?.fields.length ?? 0) > 0);
  // Prisma has two forms: with relations that hold a key, or with the columns of keys.
  if (holders && names.some((name) => foreign.includes(name))) return false;
  return given.every(([name, item]) => {
    if (name === back?.name || back?.fields.includes(name) === true) return false;
    const scalar = model.scalars.get(name);
    if (scalar !== undefined) return accepts(scalar, item);
    const relation = model.relations.get(name);
    return relation !== undefined && canWriteRelation(models, model, relation, item, isNew);
  });
}

function canWriteRelation(
  models: Models,
  owner: Model,
  relation: RelationField,
  value: unknown,
  isNew: boolean,
): boolean {
  const model = models.get(relation.model);
  if (model === undefined || !isPlainObject(value)) return false;
  const target: Target = { models, model, back: otherSide(models, owner, relation) };
  const known = operationsOn(relation, isNew);
  return givenIn(value).every(
    ([operation, argument]) => known.includes(operation) && canRun(target, relation, operation, argument),
  );
}

function canRun(target: Target, relation: RelationField, operation: string, argument: unknown): boolean {
  const { isList } = relation;
  const { model } = target;
  const one = (value: unknown): boolean => {
    const parts = isPlainObject(value) ? value : {};
    switch (operation) {
      case "create":
        return canCreate(target, value);
      case "connectOrCreate":
        return canCreate(target, parts["create"]) && isCondition(model, parts["where"]);
      case "upsert":
        return canCreate(target, parts["create"]) && canUpdate(target, parts["update"]);
      case "update":
        return isList ? canUpdate(target, parts["data"]) : canUpdate(target, toOneUpdateData(target, value));
      case "updateMany":
        return canUpdate(target, parts["data"]);
      case "createMany":
        return [parts["data"]].flat().every((row) => canCreate(target, row));
      case "delete":
      case "disconnect":
        return (!isList && typeof value === "boolean") || isCondition(model, value);
      default:
        return isCondition(model, value);
    }
  };
  return Array.isArray(argument)
    ? isList && operation !== "createMany" && argument.every(one)
    : one(argument);
}

function operationsOn({ isList, isOptional }: RelationField, isNew: boolean): readonly string[] {
  if (isNew) return isList ? [...CREATING, "createMany"] : CREATING;
  if (isList)
    return [
      ...CREATING,
      "createMany",
      "upsert",
      "set",
      "disconnect",
      "delete",
      "update",
      "updateMany",
      "deleteMany",
    ];
  return [...CREATING, "upsert", "update", ...(isOptional ? ["disconnect", "delete"] : [])];
}

const CREATING = ["create", "connectOrCreate", "connect"];

/** Whether a value looks like a `where` of the model. */
function isCondition(model: Model, value: unknown): boolean {
  const compounds = model.keys.filter(({ fields }) => fields.length > 1).map(({ name }) => name);
  const known = (name: string) =>
    model.scalars.has(name) || model.relations.has(name) || LOGIC.has(name) || compounds.includes(name);
  return isPlainObject(value) && givenIn(value).every(([name]) => known(name));
}

const LOGIC = new Set(["AND", "OR", "NOT"]);
