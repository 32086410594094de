import type { Model } from "../../models/model.js";
import type { ModelRules } from "../../registry/capture-rules.js";
import type { NestedItem, NestedNode, NestedRelation } from "./tree.js";
import { writtenFields } from "./written-fields.js";

/** What is captured. */
export interface Captured {
  readonly rules: ReadonlyMap<string, ModelRules>;
  /**
   * Whether PostgreSQL goes on in a model with rules, when rows of that model go, or when these fields of them change.
   */
  goesOn(model: Model, fields: readonly string[] | undefined): boolean;
}

/**
 * The part of a tree of nested writes that has to be looked at: what reaches models with rules, and what the event of
 * a captured row mirrors. Undefined when there is nothing of that kind.
 *
 * @param isMirrored whether the row that the node's data is written to gets an event.
 */
export function reachOf(
  captured: Captured,
  node: NestedNode | undefined,
  isMirrored: boolean,
): NestedNode | undefined {
  if (node === undefined) return undefined;
  const relations = node.relations.flatMap((nested) => {
    const kept = keep(captured, nested, isMirrored);
    return kept === undefined ? [] : [kept];
  });
  return relations.length === 0 ? undefined : { ...node, relations };
}

function keep(captured: Captured, nested: NestedRelation, isMirrored: boolean): NestedRelation | undefined {
  const { rules } = captured;
  const { target, link, creates } = nested;
  const isBelowMirrored = isMirrored || rules.has(target.name);
  const items = nested.items.map((item) => withReach(captured, item, isBelowMirrored));
  const created =
    creates === undefined
      ? undefined
      : (reachOf(captured, creates, isBelowMirrored) ?? { ...creates, relations: [] });
  const kept: NestedRelation = { ...nested, items, creates: created };
  const isReference = link.holder === "this" && created === undefined && items.every(isPlainLink);
  if (isReference) return takesFromAnother(rules, nested) || isInKey(nested) ? kept : undefined;
  if (isMirrored || items.some((item) => isFollowed(captured, nested, item))) return kept;
  const reachesTarget = link.holder === "other" || created !== undefined || !items.every(isLink);
  if (rules.has(target.name) && reachesTarget) return kept;
  const goesOn = items.some(({ node }) => node !== undefined) || (created?.relations.length ?? 0) > 0;
  return goesOn || takesFromAnother(rules, nested) ? kept : undefined;
}

function withReach(captured: Captured, item: NestedItem, isMirrored: boolean): NestedItem {
  return { ...item, node: reachOf(captured, item.node, isMirrored) };
}

/** Whether PostgreSQL goes on with what is written to the related rows. */
function isFollowed({ goesOn }: Captured, { target, link }: NestedRelation, item: NestedItem): boolean {
  if (item.effect === "delete") return goesOn(target, undefined);
  return goesOn(target, item.effect === "link" ? foreignFields(link) : writtenFields(target, item.data));
}

function foreignFields({ holder, other }: NestedRelation["link"]): readonly string[] {
  return holder === "other" ? other : [];
}

function isLink({ effect }: NestedItem): boolean {
  return effect === "link";
}

function isPlainLink({ effect, node }: NestedItem): boolean {
  return effect === "link" && node === undefined;
}

/** In a one-to-one relation Prisma sets the reference of the row that held it before to null. */
function takesFromAnother(
  rules: Captured["rules"],
  { owner, link, items, relation }: NestedRelation,
): boolean {
  if (link.holder !== "this" || !link.isExclusive || !items.some(({ where }) => where !== undefined))
    return false;
  const canBeNull = relation.fields.some((field) => owner.scalars.get(field)?.isOptional === true);
  return canBeNull && (rules.get(owner.name)?.update.length ?? 0) > 0;
}

/** The row is found again by its key, which has the reference in it. */
export function isInKey({
  owner,
  link,
}: {
  readonly owner: Model;
  readonly link: NestedRelation["link"];
}): boolean {
  return owner.identity?.fields.some((field) => link.own.includes(field)) === true;
}

/** Every relation that a tree writes through. */
export function* relationsIn(node: NestedNode | undefined): Generator<NestedRelation> {
  for (const nested of node?.relations ?? []) {
    yield nested;
    for (const { node: inner } of nested.items) yield* relationsIn(inner);
    yield* relationsIn(nested.creates);
  }
}
