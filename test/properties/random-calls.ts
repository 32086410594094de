import { otherSide } from "../../src/models/link.js";
import type { Model, Models, RelationField, ScalarField } from "../../src/models/model.js";
import type { RandomCall, Tape } from "./random-writes.js";

export type Data = Record<string, unknown>;

/** The values of fields, which depend on the schema. */
export interface Values {
  /** To be written; undefined leaves the field out. `isNeeded`: a new row has no value for it otherwise. */
  written(
    field: ScalarField,
    tape: Tape,
    use: { readonly isNew: boolean; readonly isNeeded: boolean },
  ): unknown;
  /** To be looked for. */
  sought(field: ScalarField, tape: Tape): unknown;
  /** Fields that the database fills in. */
  isGenerated(field: ScalarField): boolean;
}

const OPERATIONS = [
  "update",
  "create",
  "upsert",
  "delete",
  "updateMany",
  "deleteMany",
  "createMany",
  "updateManyAndReturn",
  "createManyAndReturn",
] as const;

export type Operation = (typeof OPERATIONS)[number];

const TO_MANY = [
  "update",
  "create",
  "connect",
  "updateMany",
  "upsert",
  "connectOrCreate",
  "disconnect",
  "set",
  "delete",
  "deleteMany",
  "createMany",
] as const;

const TO_ONE = ["update", "connect", "create", "connectOrCreate", "upsert", "disconnect", "delete"] as const;

/**
 * Random calls of every operation on the models of any schema, with nested writes from either side. What Prisma does not
 * take is made now and then: it is refused with and without the extension.
 */
export class RandomCalls {
  readonly #models: Models;
  readonly #tape: Tape;
  readonly #values: Values;

  constructor(models: Models, tape: Tape, values: Values) {
    this.#models = models;
    this.#tape = tape;
    this.#values = values;
  }

  /** A call on one of the models; half of the calls are of one operation, where there is one to try most. */
  call(names: readonly string[], most?: Operation): RandomCall {
    const model = this.#model(this.#tape.one(names));
    const drawn = this.#tape.one(OPERATIONS);
    const operation = most !== undefined && this.#tape.often(50) ? most : drawn;
    return {
      model: model.jsName,
      operation,
      args: { ...this.#args(model, operation), ...this.#wanted(model, operation) },
    };
  }

  #args(model: Model, operation: Operation): Data {
    switch (operation) {
      case "create":
        return { data: this.#create(model, 2) };
      case "update":
        return { where: this.#where(model), data: this.#update(model, 2) };
      case "upsert":
        return this.#upsert(model);
      case "delete":
        return { where: this.#where(model) };
      case "updateMany":
      case "updateManyAndReturn":
        return { where: this.#filter(model), data: this.#scalars(model) };
      case "deleteMany":
        return { where: this.#filter(model) };
      case "createMany":
      case "createManyAndReturn":
        return this.#createMany(model);
    }
  }

  /** Half of them create what they look for, as callers do: Prisma can make one statement of these. */
  #upsert(model: Model): Data {
    const where = this.#where(model);
    const [create, update] = [this.#create(model, 2), this.#update(model, 2)];
    const compound = model.keys.find(({ name, fields }) => fields.length > 1 && where[name] !== undefined);
    const key = compound === undefined ? where : (where[compound.name] as Data);
    for (const field of this.#tape.often(50) ? model.scalars.keys() : []) {
      const isGiven =
        key[field] !== undefined && (create[field] !== undefined || !this.#isForeign(model, field));
      if (isGiven) create[field] = key[field];
    }
    return { where, create, update };
  }

  /** What of the row the caller asks for. */
  #wanted(model: Model, operation: string): Data {
    if (/Many$/.test(operation) || !this.#tape.often(25)) return {};
    const [first = ""] = model.identity?.fields ?? [];
    const [relation] = Array.from(model.relations.keys());
    if (relation === undefined || operation.endsWith("Return") || this.#tape.often(50))
      return { select: { [first]: true } };
    return { include: { [relation]: true } };
  }

  #model(name: string): Model {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    return model;
  }

  #where(model: Model): Data {
    const key = this.#tape.one(model.keys);
    const values: Data = {};
    for (const field of key.fields) values[field] = this.#sought(model, field);
    const where: Data = key.fields.length === 1 ? values : { [key.name]: values };
    if (this.#tape.often(8)) where["NOT"] = { note: "n1" };
    return where;
  }

  #sought(model: Model, name: string): unknown {
    const field = model.scalars.get(name);
    if (field === undefined) throw new Error(`no field ${model.name}.${name}`);
    return this.#values.sought(field, this.#tape);
  }

  #filter(model: Model): Data {
    const keys = model.keys.flatMap(({ fields }) => fields);
    const key = this.#tape.one(keys);
    const isList = model.scalars.get(key)?.isList === true;
    const relation = this.#tape.one([undefined, ...model.relations.values()]);
    switch (this.#tape.pick(5)) {
      case 1:
        return { [key]: isList ? { equals: this.#sought(model, key) } : this.#sought(model, key) };
      case 2:
        return isList ? {} : { [key]: { in: [this.#sought(model, key), this.#sought(model, key)] } };
      case 3:
        return { NOT: { note: "n1" } };
      case 4:
        if (relation === undefined) return {};
        return { [relation.name]: relation.isList ? { some: {} } : { is: { note: "n2" } } };
      default:
        return {};
    }
  }

  #isForeign(model: Model, name: string): boolean {
    return Array.from(model.relations.values()).some(({ fields }) => fields.includes(name));
  }

  /** A new row: with foreign keys as they are, or by relations; Prisma does not take both. */
  #create(model: Model, depth: number, from?: RelationField): Data {
    const isPlain = this.#tape.often(40);
    const data = this.#newScalars(model, from, isPlain);
    for (const relation of model.relations.values()) {
      if (relation === from || (relation.fields.length > 0 && isPlain)) continue;
      if (relation.fields.length > 0 && !relation.isOptional)
        data[relation.name] = this.#link(relation, model, depth);
      else if (depth > 0 && this.#tape.often(20))
        data[relation.name] = this.#underCreate(model, relation, depth - 1);
    }
    return data;
  }

  #newScalars(model: Model, from: RelationField | undefined, withForeign: boolean): Data {
    const data: Data = {};
    for (const field of model.scalars.values()) {
      if (from?.fields.includes(field.name)) continue;
      if (!withForeign && this.#isForeign(model, field.name)) continue;
      const isNeeded = !field.isOptional && !this.#values.isGenerated(field);
      if (!isNeeded && this.#tape.often(60)) continue;
      const value = this.#values.written(field, this.#tape, { isNew: true, isNeeded });
      if (value !== undefined) data[field.name] = value;
    }
    return data;
  }

  #link(relation: RelationField, model: Model, depth: number): Data {
    const target = this.#model(relation.model);
    const create = (): Data => this.#create(target, depth - 1, otherSide(this.#models, model, relation));
    if (depth > 0 && this.#tape.often(25)) return { create: create() };
    if (depth > 0 && this.#tape.often(15))
      return { connectOrCreate: { where: this.#where(target), create: create() } };
    return { connect: this.#where(target) };
  }

  #underCreate(model: Model, relation: RelationField, depth: number): Data {
    const operation = this.#tape.one(["create", "connect", "connectOrCreate", "createMany"] as const);
    if (operation === "createMany" && !this.#canCreateMany(model, relation)) return {};
    return { [operation]: this.#nested(model, relation, operation, depth) };
  }

  #canCreateMany(model: Model, relation: RelationField): boolean {
    return relation.isList && (otherSide(this.#models, model, relation)?.fields.length ?? 0) > 0;
  }

  #createMany(target: Model, from?: RelationField): Data {
    const rows = Array.from({ length: this.#tape.one([1, 2, 3]) }, () =>
      this.#newScalars(target, from, true),
    );
    return this.#tape.often(40) ? { data: rows, skipDuplicates: true } : { data: rows };
  }

  #update(model: Model, depth: number, from?: RelationField): Data {
    const isPlain = this.#tape.often(50);
    const data = this.#scalars(model, from, isPlain);
    const relations = Array.from(model.relations.values()).filter(
      (relation) => relation !== from && !(isPlain && relation.fields.length > 0),
    );
    const count = depth === 0 || relations.length === 0 ? 0 : this.#tape.one([0, 1, 1, 2]);
    for (let n = 0; n < count; n++) {
      const relation = this.#tape.one(relations);
      const operations = relation.isList ? TO_MANY : TO_ONE;
      const nested: Data = (data[relation.name] as Data | undefined) ?? {};
      const operation = this.#tape.one(operations);
      if (operation === "createMany" && !this.#canCreateMany(model, relation)) continue;
      if (!relation.isList && Object.keys(nested).length > 0) continue;
      nested[operation] = this.#nested(model, relation, operation, depth - 1);
      data[relation.name] = nested;
    }
    return data;
  }

  #scalars(model: Model, from?: RelationField, withForeign = true): Data {
    const data: Data = {};
    for (const field of model.scalars.values()) {
      if (from?.fields.includes(field.name)) continue;
      if (!withForeign && (this.#isForeign(model, field.name) || this.#values.isGenerated(field))) continue;
      const isKey = model.keys.some((key) => key.fields.includes(field.name));
      if (!this.#tape.often(isKey ? 25 : 40)) continue;
      const value = this.#values.written(field, this.#tape, { isNew: false, isNeeded: false });
      if (value !== undefined) data[field.name] = value;
    }
    return data;
  }

  #nested(model: Model, relation: RelationField, operation: string, depth: number): unknown {
    const target = this.#model(relation.model);
    const back = otherSide(this.#models, model, relation);
    const make = (): unknown => {
      switch (operation) {
        case "create":
          return this.#create(target, depth, back);
        case "connectOrCreate":
          return { where: this.#where(target), create: this.#create(target, depth, back) };
        case "upsert":
          return {
            ...(relation.isList ? { where: this.#where(target) } : {}),
            create: this.#create(target, depth, back),
            update: this.#update(target, depth, back),
          };
        case "update":
          if (relation.isList) return { where: this.#where(target), data: this.#update(target, depth, back) };
          if (this.#tape.often(50)) return this.#update(target, depth, back);
          return this.#tape.often(30)
            ? { where: { NOT: { note: "n1" } }, data: this.#update(target, depth, back) }
            : { data: this.#update(target, depth, back) };
        case "updateMany":
          return { where: this.#filter(target), data: this.#scalars(target, back) };
        case "deleteMany":
          return this.#filter(target);
        default:
          return this.#where(target);
      }
    };
    if (operation === "createMany") return this.#createMany(target, back);
    const isTaken = operation === "disconnect" || operation === "delete";
    if (!relation.isList && isTaken) return this.#tape.often(30) ? { NOT: { note: "n1" } } : true;
    if (operation === "set" && this.#tape.often(30)) return [];
    return relation.isList && this.#tape.often(30) ? [make(), make()] : make();
  }
}
