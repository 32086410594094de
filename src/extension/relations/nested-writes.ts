import { type Link, linkOf, otherSide } from "../../models/link.js";
import type { Model, Models, RelationField } from "../../models/model.js";
import { isGiven } from "../prisma/internals.js";
import { toOneUpdateData } from "./to-one-update.js";

type Data = Readonly<Record<string, unknown>>;

/** The nested writes in the data of one row: a tree, by relation. */
export interface NestedNode {
  readonly model: Model;
  readonly relations: readonly NestedRelation[];
}

/** The nested writes through one relation. */
export interface NestedRelation {
  readonly owner: Model;
  readonly relation: RelationField;
  readonly link: Link;
  readonly target: Model;
  /** The arguments, by operation. */
  readonly given: Data;
  /** The writes to existing rows. */
  readonly items: readonly NestedItem[];
  /** The nested writes of rows that may be created; undefined when none can be. */
  readonly creates: NestedNode | undefined;
  /** Whether a later operation may unlink rows that were created: Prisma takes them in the order of the arguments. */
  readonly mayUnlinkCreated: boolean;
}

/** A nested write to existing rows. */
export interface NestedItem {
  /** The unique key of the row; undefined: all related rows. */
  readonly where: unknown;
  /** Whether it changes the reference between the rows, fields of the row, or deletes the row. */
  readonly effect: "link" | "update" | "delete";
  /** The operation, and that of its arguments which makes this item. */
  readonly operation: string;
  readonly argument: unknown;
  /** The data that is written to the row. */
  readonly data: Data;
  readonly node: NestedNode | undefined;
}

const NOTHING: Data = {};
const UNLINKING = new Set(["set", "disconnect"]);

/** The nested writes in the data of a row, in the order of the model's relations. Undefined when there are none. */
export function nestedWrites(models: Models, model: Model, data: unknown): NestedNode | undefined {
  if (!isData(data)) return undefined;
  const relations: NestedRelation[] = [];
  for (const relation of model.relations.values()) {
    // A relation may have the name of a member of Object.prototype.
    const nested = Object.hasOwn(data, relation.name) ? data[relation.name] : undefined;
    const target = models.get(relation.model);
    if (!isData(nested) || target === undefined) continue;
    const builder = new RelationBuilder(models, model, relation, target, nested);
    for (const [operation, argument] of Object.entries(nested)) builder.add(operation, argument);
    const built = builder.build();
    if (built !== undefined) relations.push(built);
  }
  return relations.length === 0 ? undefined : { model, relations };
}

/** Every relation that a tree writes through. */
export function* relationsIn(node: NestedNode | undefined): Generator<NestedRelation> {
  for (const nested of node?.relations ?? []) {
    yield nested;
    for (const { node: inner } of nested.items) yield* relationsIn(inner);
    yield* relationsIn(nested.creates);
  }
}

/** Whether the key by which the owner's row is found holds the reference. */
export function isInKey({
  owner,
  link,
}: {
  readonly owner: Model;
  readonly link: NestedRelation["link"];
}): boolean {
  return owner.identity?.fields.some((field) => link.own.includes(field)) === true;
}

/** Collects the operations of one relation. */
class RelationBuilder {
  readonly #models: Models;
  readonly #owner: Model;
  readonly #relation: RelationField;
  readonly #target: Model;
  readonly #link: Link;
  readonly #given: Data;
  readonly #items: NestedItem[] = [];
  #creates: NestedNode | undefined;
  #mayUnlinkCreated = false;
  #operation = "";
  #argument: unknown;

  constructor(models: Models, owner: Model, relation: RelationField, target: Model, given: Data) {
    this.#models = models;
    this.#owner = owner;
    this.#relation = relation;
    this.#target = target;
    this.#given = given;
    this.#link = linkOf(models, owner, relation);
  }

  add(operation: string, argument: unknown): void {
    this.#operation = operation;
    this.#argument = argument;
    // In a relation to one row every operation can replace the row.
    if (this.#creates !== undefined && (UNLINKING.has(operation) || !this.#relation.isList))
      this.#mayUnlinkCreated = true;
    // `set: []` names no row and unlinks all.
    if (operation === "set" && isGiven(argument)) this.#item(undefined, "link");
    for (const one of [argument].flat()) {
      // `disconnect: false` and `delete: false` do nothing.
      if (isGiven(one) && one !== null && one !== false) this.#addOne(operation, one);
    }
  }

  build(): NestedRelation | undefined {
    if (this.#items.length === 0 && this.#creates === undefined) return undefined;
    return {
      owner: this.#owner,
      relation: this.#relation,
      link: this.#link,
      target: this.#target,
      given: this.#given,
      items: this.#items,
      creates: this.#creates,
      mayUnlinkCreated: this.#mayUnlinkCreated,
    };
  }

  #addOne(operation: string, argument: unknown): void {
    this.#argument = argument;
    const { where, create, data, update } = isData(argument) ? argument : NOTHING;
    const { isList } = this.#relation;
    switch (operation) {
      case "create":
        this.#create(argument);
        break;
      case "createMany":
        this.#create(undefined);
        break;
      case "connect":
        this.#connect(argument);
        break;
      case "connectOrCreate":
        this.#create(create);
        this.#connect(where);
        break;
      case "disconnect":
        this.#item(isList ? argument : undefined, "link");
        break;
      case "set":
        this.#item(argument, "link");
        break;
      case "update":
        if (isList) this.#item(where, "update", data);
        else this.#item(undefined, "update", this.#toOneData(argument));
        break;
      case "updateMany":
        this.#item(undefined, "update", data);
        break;
      case "upsert":
        this.#create(create);
        this.#item(isList ? where : undefined, "update", update);
        break;
      case "delete":
        this.#item(isList ? argument : undefined, "delete");
        break;
      case "deleteMany":
        this.#item(undefined, "delete");
        break;
      // Prisma refuses all other operations.
    }
  }

  #toOneData(argument: unknown): unknown {
    const back = otherSide(this.#models, this.#owner, this.#relation);
    return toOneUpdateData({ models: this.#models, model: this.#target, back }, argument);
  }

  #create(data: unknown): void {
    const node = nestedWrites(this.#models, this.#target, data);
    const relations = [...(this.#creates?.relations ?? []), ...(node?.relations ?? [])];
    this.#creates = { model: this.#target, relations };
    this.#replace();
  }

  #connect(where: unknown): void {
    this.#item(where, "link");
    this.#replace();
  }

  /** In a one-to-one relation the row that was related before is unlinked. */
  #replace(): void {
    if (this.#link.holder === "other" && this.#link.isExclusive) this.#item(undefined, "link");
  }

  #item(where: unknown, effect: NestedItem["effect"], data: unknown = NOTHING): void {
    if (where === undefined && effect === "link" && this.#items.some(isUnlinking)) return;
    const node = nestedWrites(this.#models, this.#target, data);
    const [operation, argument] = [this.#operation, this.#argument];
    this.#items.push({ where, effect, operation, argument, data: isData(data) ? data : NOTHING, node });
  }
}

function isUnlinking({ where, effect }: NestedItem): boolean {
  return where === undefined && effect === "link";
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null;
}
