import { findUniqueMatch, ONLY_PRISMA_KNOWS } from "../../src/extension/rows/unique-match.js";
import type { Model, Models } from "../../src/models/model.js";
import type { RandomCall, RandomWrites } from "./random-writes.js";

type Data = Readonly<Record<string, unknown>>;

/** A row that a call names, and the relations that it writes through from there. */
interface Named {
  readonly model: Model;
  readonly where: Data;
  readonly relations: readonly string[];
}

/** What gets in the way of a call. */
export interface Disturbance {
  /** What is done before the call. */
  readonly setup: RandomCall | undefined;
  /** What somebody else does while it runs. */
  readonly call: RandomCall;
}

/**
 * What can get in the way of a call: somebody creates, changes and deletes the rows that it names, creates those that were
 * not there, and brings rows into the relations that it writes through, or out of them.
 */
export function disturbancesOf(
  models: Models,
  call: RandomCall,
  random: RandomWrites,
): readonly Disturbance[] {
  const model = Array.from(models.values()).find(({ jsName }) => jsName === call.model);
  if (model === undefined) return [];
  const named: Named[] = [];
  const where = call.args["where"] as Data | undefined;
  const { data, create, update } = call.args as Record<string, Data | undefined>;
  const written = [data, create, update].filter((one) => one !== undefined);
  if (where !== undefined) named.push({ model, where, relations: relationsOf(model, written) });
  for (const one of written) collect(models, model, one, named);
  const distinct = Array.from(
    new Map(named.map((row) => [JSON.stringify([row.model.name, row.where], plain), row])).values(),
  );
  return distinct.flatMap((row) => {
    const deleting = { model: row.model.jsName, operation: "delete", args: { where: row.where } };
    const coming = creating(row, random);
    const calls = [
      ...coming,
      deleting,
      random.updating(row.model, row.where),
      ...row.relations.map((relation) => random.relating(row.model, row.where, relation)),
    ];
    return [
      ...calls.map((one) => ({ setup: undefined, call: one })),
      ...coming.map((one) => ({ setup: deleting, call: one })),
    ];
  });
}

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function creating({ model, where }: Named, random: RandomWrites): readonly RandomCall[] {
  const match = findUniqueMatch(model, where);
  if (match === undefined || match === ONLY_PRISMA_KNOWS) return [];
  const key = (match.key.fields.length === 1 ? where : where[match.key.name]) as Data;
  const { args } = random.creating(model);
  const data: Record<string, unknown> = { ...(args["data"] as Data) };
  for (const field of match.key.fields) {
    const relation = Array.from(model.relations.values()).find(({ fields }) => fields.includes(field));
    if (relation === undefined) data[field] = key[field];
    else data[relation.name] = { connect: { [relation.references[0] ?? ""]: key[field] } };
  }
  return [{ model: model.jsName, operation: "create", args: { data } }];
}

function relationsOf(model: Model, written: readonly Data[]): readonly string[] {
  return Array.from(model.relations.keys()).filter((name) =>
    written.some((data) => data[name] !== undefined),
  );
}

function collect(models: Models, model: Model, data: Data, named: Named[]): void {
  for (const relation of model.relations.values()) {
    const target = models.get(relation.model);
    const nested = data[relation.name];
    if (target === undefined || !isData(nested)) continue;
    for (const [operation, argument] of Object.entries(nested)) {
      for (const one of [argument].flat()) {
        if (isData(one)) collectOne(models, target, operation, one, named);
      }
    }
  }
}

function collectOne(models: Models, target: Model, operation: string, one: Data, named: Named[]): void {
  const { where, create, update, data } = one as Record<string, Data | undefined>;
  const isWhere = ["connect", "disconnect", "set", "delete"].includes(operation);
  const written = operation === "create" ? [one] : [create, update, data].filter(isData);
  if (operation === "update" && written.length === 0) written.push(one);
  if (isWhere) named.push({ model: target, where: one, relations: [] });
  else if (where !== undefined && findUniqueMatch(target, where) !== undefined)
    named.push({ model: target, where, relations: relationsOf(target, written) });
  for (const inner of written) collect(models, target, inner, named);
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null;
}
