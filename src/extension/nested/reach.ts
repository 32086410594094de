import type { ModelRules } from "../../registry/capture-rules.js";
import type { Model } from "../schema/model.js";
import type { NestedItem, NestedNode, NestedRelation } from "./tree.js";

type Rules = ReadonlyMap<string, ModelRules>;

/**
 * The part of a tree of nested writes that has to be looked at: what reaches models with rules, and what the event of
 * a captured row mirrors. Undefined when there is nothing of that kind.
 *
 * @param isMirrored whether the row that the node's data is written to gets an event.
 */
export function reachOf(
  rules: Rules,
  node: NestedNode | undefined,
  isMirrored: boolean,
): NestedNode | undefined {
  if (node === undefined) return undefined;
  const relations = node.relations.flatMap((nested) => {
    const kept = keep(rules, nested, isMirrored);
    return kept === undefined ? [] : [kept];
  });
  return relations.length === 0 ? undefined : { ...node, relations };
}

function keep(rules: Rules, nested: NestedRelation, isMirrored: boolean): NestedRelation | undefined {
  const { target, link, creates } = nested;
  const isBelowMirrored = isMirrored || rules.has(target.name);
  const items = nested.items.map((item) => withReach(rules, item, isBelowMirrored));
  const created =
    creates === undefined
      ? undefined
      : (reachOf(rules, creates, isBelowMirrored) ?? { ...creates, relations: [] });
  const kept: NestedRelation = { ...nested, items, creates: created };
  const isReference = link.holder === "this" && created === undefined && items.every(isPlainLink);
  if (isReference) return takesFromAnother(rules, nested) || isInKey(nested) ? kept : undefined;
  if (isMirrored) return kept;
  const reachesTarget = link.holder === "other" || created !== undefined || !items.every(isLink);
  if (rules.has(target.name) && reachesTarget) return kept;
  const goesOn = items.some(({ node }) => node !== undefined) || (created?.relations.length ?? 0) > 0;
  return goesOn || takesFromAnother(rules, nested) ? kept : undefined;
}

function withReach(rules: Rules, item: NestedItem, isMirrored: boolean): NestedItem {
  return { ...item, node: reachOf(rules, item.node, isMirrored) };
}

function isLink({ effect }: NestedItem): boolean {
  return effect === "link";
}

function isPlainLink({ effect, node }: NestedItem): boolean {
  return effect === "link" && node === undefined;
}

/** In a one-to-one relation Prisma sets the reference of the row that held it before to null. */
function takesFromAnother(rules: Rules, { owner, link, items, relation }: NestedRelation): boolean {
  if (link.holder !== "this" || !link.isExclusive || !items.some(({ where }) => where !== undefined))
    return false;
  const canBeNull = relation.fields.some((field) => owner.scalars.get(field)?.isOptional === true);
  return canBeNull && (rules.get(owner.name)?.update.length ?? 0) > 0;
}

/** The row is found again by its key, which has the reference in it. */
function isInKey({ owner, link }: { readonly owner: Model; readonly link: NestedRelation["link"] }): boolean {
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
