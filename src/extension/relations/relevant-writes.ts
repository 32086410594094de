import type { Model } from "../../models/model.js";
import type { ModelRules } from "../../registry/capture-rules.js";
import { writtenFields } from "../rows/written-fields.js";
import type { NestedItem, NestedNode, NestedRelation } from "./nested-writes.js";

/** What is captured. */
export interface Captured {
  readonly rules: ReadonlyMap<string, ModelRules>;
  /**
   * Whether PostgreSQL goes on in a model with rules, when rows of that model go, or when these fields of them change.
   */
  causesActions(model: Model, fields: readonly string[] | undefined): boolean;
}

/**
 * The part of a tree of nested writes that has to be looked at: what reaches models with rules, and what the event of
 * a captured row mirrors. Undefined when there is nothing of that kind.
 *
 * @param ownerHasEvent whether the row that the node's data is written to gets an event.
 */
export function relevantWrites(
  captured: Captured,
  node: NestedNode | undefined,
  ownerHasEvent: boolean,
): NestedNode | undefined {
  if (node === undefined) return undefined;
  const relations = node.relations.flatMap((nested) => {
    const kept = relevantRelation(captured, nested, ownerHasEvent);
    return kept === undefined ? [] : [kept];
  });
  return relations.length === 0 ? undefined : { ...node, relations };
}

function relevantRelation(
  captured: Captured,
  nested: NestedRelation,
  ownerHasEvent: boolean,
): NestedRelation | undefined {
  const { rules } = captured;
  const { target, link, creates } = nested;
  const isWithinEvent = ownerHasEvent || rules.has(target.name);
  const items = nested.items.map((item) => withRelevantWrites(captured, item, isWithinEvent));
  const created =
    creates === undefined
      ? undefined
      : (relevantWrites(captured, creates, isWithinEvent) ?? { ...creates, relations: [] });
  const kept: NestedRelation = { ...nested, items, creates: created };
  const isReference = link.holder === "this" && created === undefined && items.every(isPlainLink);
  if (isReference) return takesFromAnother(rules, nested) || isInKey(nested) ? kept : undefined;
  if (ownerHasEvent || items.some((item) => causesActionsOnTarget(captured, nested, item))) return kept;
  const reachesTarget = link.holder === "other" || created !== undefined || !items.every(isLink);
  if (rules.has(target.name) && reachesTarget) return kept;
  const reachesFurther = items.some(({ node }) => node !== undefined) || (created?.relations.length ?? 0) > 0;
  return reachesFurther || takesFromAnother(rules, nested) ? kept : undefined;
}

function withRelevantWrites(captured: Captured, item: NestedItem, ownerHasEvent: boolean): NestedItem {
  return { ...item, node: relevantWrites(captured, item.node, ownerHasEvent) };
}

/** Whether PostgreSQL goes on with what is written to the related rows. */
function causesActionsOnTarget(
  { causesActions: goesOn }: Captured,
  { target, link }: NestedRelation,
  item: NestedItem,
): boolean {
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
