import { linkOf, otherSide } from "../../src/models/link.js";
import type { Model, Models, RelationField } from "../../src/models/model.js";

type Data = Record<string, unknown>;

/** A call that can be made on any client and shown in a message. */
export interface RandomCall {
  readonly model: string;
  readonly operation: string;
  readonly args: Data;
}

const ID = "0190a000-0000-7000-8000-0000000000";

/** The same numbers for a tape for the same seed. */
export function numbersFrom(seed: number): readonly number[] {
  let state = seed * 7_919 + 1;
  return Array.from({ length: 300 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  });
}

/** Draws choices from a tape of numbers, so that fast-check can make a failing one small: 0 is the simplest choice. */
export class Tape {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A number below `count`. */
  pick(count: number): number {
    return (this.#numbers[this.#at++] ?? 0) % count;
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.pick(choices.length)] as T;
  }

  /** True in `percent` of all cases. */
  often(percent: number): boolean {
    return this.pick(100) >= 100 - percent;
  }
}

/** Makes random calls on the models of the fixture, with nested writes of every kind. */
export class RandomWrites {
  readonly #models: Models;
  readonly #names: readonly string[];
  readonly #tape: Tape;

  constructor(models: Models, names: readonly string[], tape: Tape) {
    this.#models = models;
    this.#names = names;
    this.#tape = tape;
  }

  call(): RandomCall {
    const model = this.#model(this.#tape.one(this.#names));
    const operation = this.#tape.one(["update", "update", "create", "update", "upsert", "delete"] as const);
    const where = this.#where(model);
    const depth = 3;
    switch (operation) {
      case "create":
        return { model: model.jsName, operation, args: { data: this.#create(model, depth) } };
      case "update":
        return { model: model.jsName, operation, args: { where, data: this.#update(model, depth) } };
      case "upsert":
        return {
          model: model.jsName,
          operation,
          args: { where, create: this.#create(model, depth), update: this.#update(model, depth) },
        };
      case "delete":
        return { model: model.jsName, operation, args: { where } };
    }
  }

  /** Creates a row. */
  creating(model: Model): RandomCall {
    return { model: model.jsName, operation: "create", args: { data: this.#create(model, 0) } };
  }

  /** Changes a row. */
  updating(model: Model, where: Data): RandomCall {
    return { model: model.jsName, operation: "update", args: { where, data: this.#update(model, 1) } };
  }

  /** Brings rows into a relation of a row, or out of it. */
  relating(model: Model, where: Data, name: string): RandomCall {
    const relation = model.relations.get(name);
    if (relation === undefined) return this.updating(model, where);
    const data = {
      [name]: relation.isList ? this.#list(model, relation, 0) : this.#single(model, relation, 0),
    };
    return { model: model.jsName, operation: "update", args: { where, data } };
  }

  #model(name: string): Model {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    return model;
  }

  /** A value of a field, from few, so that calls meet. */
  #value(model: Model, field: string): unknown {
    const number = this.#tape.pick(6) + 1;
    switch (model.scalars.get(field)?.type) {
      case "Int":
        return number;
      case "BigInt":
        return BigInt(number);
      default:
        if (model.scalars.get(field)?.nativeType === "Uuid") return `${ID}0${number}`;
        if (field === "building") return "north";
        if (field === "handle") return ["ann", "bob", "cy", "dee", "eve", "flo"][number - 1];
        if (field === "slug" || field === "teamSlug") return ["one", "two", "three"][number % 3];
        if (field === "code") return ["a", "b", "c", "d", "e", "f"][number - 1];
        if (field === "label") return ["red", "green", "blue", "grey"][number % 4];
        return `v${number}`;
    }
  }

  #where(model: Model): Data {
    const key = this.#tape.one(model.keys);
    const values = Object.fromEntries(key.fields.map((field) => [field, this.#value(model, field)]));
    return key.fields.length === 1 ? values : { [key.name]: values };
  }

  #filter(model: Model): Data {
    const [first = ""] = Array.from(model.scalars.keys()).slice(-1);
    return this.#tape.pick(2) === 0 ? {} : { NOT: { [first]: this.#value(model, first) } };
  }

  #create(model: Model, depth: number, from?: RelationField): Data {
    const data: Data = {};
    const foreign = new Set(Array.from(model.relations.values()).flatMap(({ fields }) => fields));
    for (const field of model.scalars.values()) {
      if (foreign.has(field.name) || field.isUpdatedAt) continue;
      const isNeeded =
        !field.isOptional && !(field.name === "id" && field.type !== "String" && model.name !== "Priority");
      if (isNeeded && field.name !== "role") data[field.name] = this.#value(model, field.name);
      if (data[field.name] === undefined && field.name !== "id" && this.#tape.often(10))
        data[field.name] = this.#value(model, field.name);
    }
    for (const relation of this.#relations(model, from)) {
      const isRequired = relation.fields.length > 0 && !relation.isOptional && relation.name !== "priority";
      if (isRequired) data[relation.name] = this.#link(model, relation, depth);
      else if (depth > 0 && this.#tape.often(8))
        data[relation.name] = this.#underCreate(model, relation, depth - 1);
    }
    return data;
  }

  /** A required reference of a new row. */
  #link(model: Model, relation: RelationField, depth: number): Data {
    const target = this.#model(relation.model);
    if (depth > 0 && this.#tape.often(25))
      return { create: this.#create(target, depth - 1, otherSide(this.#models, model, relation)) };
    return { connect: this.#where(target) };
  }

  #underCreate(model: Model, relation: RelationField, depth: number): Data {
    const target = this.#model(relation.model);
    const back = otherSide(this.#models, model, relation);
    const operation = this.#tape.one(["create", "connect", "connectOrCreate", "createMany"]);
    switch (operation) {
      case "connect":
        return { connect: this.#some(relation, () => this.#where(target)) };
      case "connectOrCreate":
        return { connectOrCreate: this.#some(relation, () => this.#connectOrCreate(target, depth, back)) };
      case "createMany":
        if (this.#canCreateMany(model, relation)) return { createMany: { data: this.#rows(target, back) } };
        return { create: this.#some(relation, () => this.#create(target, depth, back)) };
      default:
        return { create: this.#some(relation, () => this.#create(target, depth, back)) };
    }
  }

  #connectOrCreate(target: Model, depth: number, back: RelationField | undefined): Data {
    return { where: this.#where(target), create: this.#create(target, depth, back) };
  }

  #canCreateMany(model: Model, relation: RelationField): boolean {
    return relation.isList && linkOf(this.#models, model, relation).holder === "other";
  }

  #rows(target: Model, back: RelationField | undefined): readonly Data[] {
    const row = () => {
      const data = this.#create(target, 0, back);
      for (const relation of target.relations.values()) {
        if (data[relation.name] === undefined) continue;
        delete data[relation.name];
        relation.fields.forEach((field, at) => {
          data[field] = this.#value(this.#model(relation.model), relation.references[at] ?? "");
        });
      }
      return data;
    };
    return this.#tape.often(50) ? [row(), row()] : [row()];
  }

  /** Nobody goes back by the relation that led here: Prisma does not allow it. */
  #relations(model: Model, from: RelationField | undefined): readonly RelationField[] {
    return Array.from(model.relations.values()).filter((relation) => relation !== from);
  }

  #some<T>(relation: RelationField, make: () => T): T | readonly T[] {
    return relation.isList && this.#tape.often(30) ? [make(), make()] : make();
  }

  #update(model: Model, depth: number, from?: RelationField): Data {
    const data = this.#scalars(model);
    // Prisma takes a generated key together with plain foreign keys only.
    const relations = this.#relations(model, from).filter(
      ({ fields }) => fields.length === 0 || data["id"] === undefined || model.name === "Priority",
    );
    const count = depth === 0 || relations.length === 0 ? 0 : this.#tape.one([1, 1, 0, 2]);
    for (let n = 0; n < count; n++) {
      const relation = this.#tape.one(relations);
      data[relation.name] = relation.isList
        ? this.#list(model, relation, depth - 1)
        : this.#single(model, relation, depth - 1);
    }
    return data;
  }

  #scalars(model: Model): Data {
    const foreign = new Set(Array.from(model.relations.values()).flatMap(({ fields }) => fields));
    const data: Data = {};
    for (const field of model.scalars.values()) {
      if (foreign.has(field.name) || field.isUpdatedAt) continue;
      const isKey = model.keys.some((key) => key.fields.includes(field.name));
      if (!this.#tape.often(isKey ? 6 : 40)) continue;
      const canCount = field.type === "Int" && this.#tape.often(30);
      data[field.name] = canCount ? { increment: 7 } : this.#value(model, field.name);
    }
    return data;
  }

  #single(model: Model, relation: RelationField, depth: number): Data {
    const target = this.#model(relation.model);
    const back = otherSide(this.#models, model, relation);
    const isRequired = relation.fields.length > 0 && !relation.isOptional;
    const operation = this.#tape.one([
      "update",
      "connect",
      "create",
      "connectOrCreate",
      "upsert",
      "disconnect",
      "delete",
    ]);
    switch (operation) {
      case "connect":
        return { connect: this.#where(target) };
      case "create":
        return { create: this.#create(target, depth, back) };
      case "connectOrCreate":
        return { connectOrCreate: this.#connectOrCreate(target, depth, back) };
      case "upsert":
        return {
          upsert: { create: this.#create(target, depth, back), update: this.#update(target, depth, back) },
        };
      case "disconnect":
        if (!isRequired) return { disconnect: true };
        return { update: this.#update(target, depth, back) };
      case "delete":
        if (!isRequired) return { delete: true };
        return { update: this.#update(target, depth, back) };
      default:
        return { update: this.#update(target, depth, back) };
    }
  }

  #list(model: Model, relation: RelationField, depth: number): Data {
    const data: Data = {};
    const count = this.#tape.often(25) ? 2 : 1;
    for (let n = 0; n < count; n++) Object.assign(data, this.#listOperation(model, relation, depth));
    return data;
  }

  #listOperation(model: Model, relation: RelationField, depth: number): Data {
    const target = this.#model(relation.model);
    const back = otherSide(this.#models, model, relation);
    const operation = this.#tape.one([
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
    ]);
    switch (operation) {
      case "create":
        return { create: this.#some(relation, () => this.#create(target, depth, back)) };
      case "createMany":
        if (!this.#canCreateMany(model, relation)) return { connect: this.#where(target) };
        return { createMany: { data: this.#rows(target, back), skipDuplicates: this.#tape.often(50) } };
      case "connect":
      case "disconnect":
      case "delete":
        return { [operation]: this.#some(relation, () => this.#where(target)) };
      case "connectOrCreate":
        return { connectOrCreate: this.#some(relation, () => this.#connectOrCreate(target, depth, back)) };
      case "set":
        return { set: this.#tape.often(30) ? [] : this.#some(relation, () => this.#where(target)) };
      case "updateMany":
        return { updateMany: { where: this.#filter(target), data: this.#scalars(target) } };
      case "deleteMany":
        return { deleteMany: this.#filter(target) };
      case "upsert":
        return {
          upsert: this.#some(relation, () => ({
            where: this.#where(target),
            create: this.#create(target, depth, back),
            update: this.#update(target, depth, back),
          })),
        };
      default:
        return {
          update: this.#some(relation, () => ({
            where: this.#where(target),
            data: this.#update(target, depth, back),
          })),
        };
    }
  }
}

/** Makes the call on a client. */
export function make(db: object, call: RandomCall): Promise<unknown> {
  return Promise.resolve(ask(db, call));
}

/** What Prisma gives for the call, which is not made before it is awaited or given to a batch. */
export function ask(db: object, { model, operation, args }: RandomCall): unknown {
  const delegate = (db as Record<string, Record<string, (args: object) => unknown>>)[model];
  return delegate?.[operation]?.(structuredClone(args));
}

/** The call as code. */
export function show({ model, operation, args }: RandomCall): string {
  return `${model}.${operation}(${JSON.stringify(args, (_, value) => (typeof value === "bigint" ? `${value}n` : value))})`;
}
