import { type Link, linkOf, otherSide } from "../../models/link.js";
import type { Model, Models, RelationField } from "../../models/model.js";
import { isSkipped } from "../prisma/internals.js";
import { toOneUpdateData } from "./to-one-update.js";

type Data = Readonly<Record<string, unknown>>;

/** The nested writes in the data of a row. */
export interface NestedNode {
  readonly model: Model;
  readonly relations: readonly NestedRelation[];
}

/** What is written through one relation. */
export interface NestedRelation {
  readonly owner: Model;
  readonly relation: RelationField;
  readonly link: Link;
  readonly target: Model;
  /** What was given for it: by operation. */
  readonly given: Data;
  /** The writes to rows that are there already. */
  readonly items: readonly NestedItem[];
  /** What is written through the rows that may be created; undefined when none can be. */
  readonly creates: NestedNode | undefined;
  /** Whether rows that are created may lose their relation again: Prisma goes by the order in the arguments. */
  readonly mayUnlinkCreated: boolean;
}

/** A write to rows that are there already. */
export interface NestedItem {
  /** The unique key of the row; undefined: the rows that are related. */
  readonly where: unknown;
  /** Changes the reference, the row itself, or removes it. */
  readonly effect: "link" | "update" | "delete";
  /** Where it comes from: the operation, and one of its arguments. */
  readonly operation: string;
  readonly argument: unknown;
  /** What is written to the row's own fields. */
  readonly data: Data;
  readonly node: NestedNode | undefined;
}

const NOTHING: Data = {};
const UNLINKING = new Set(["set", "disconnect"]);

/** The nested writes in `data`, in the order of the model's relations. Undefined when there are none. */
export function nestedWrites(models: Models, model: Model, data: unknown): NestedNode | undefined {
  if (!isData(data)) return undefined;
  const relations: NestedRelation[] = [];
  for (const relation of model.relations.values()) {
    // A relation may be called like a member of Object.prototype.
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
    // In a relation to one row each operation can put another one in its place.
    if (this.#creates !== undefined && (UNLINKING.has(operation) || !this.#relation.isList))
      this.#mayUnlinkCreated = true;
    // `set: []` names nobody and still unlinks everybody.
    if (operation === "set" && argument !== undefined && !isSkipped(argument)) this.#item(undefined, "link");
    for (const one of [argument].flat()) {
      // `disconnect: false` and `delete: false` say that nothing is to be done.
      const isGiven = one !== undefined && one !== null && one !== false && !isSkipped(one);
      if (isGiven) this.#addOne(operation, one);
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
      // Prisma refuses what it does not know.
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

  /** In a one-to-one relation the row that was related loses its reference to the new one. */
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
