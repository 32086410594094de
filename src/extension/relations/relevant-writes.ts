import type { Model } from "../../models/model.js";
import type { ModelRules } from "../../registry/capture-rules.js";
import { writtenFields } from "../rows/written-fields.js";
import { isInKey, type NestedItem, type NestedNode, type NestedRelation } from "./nested-writes.js";

/** Which writes lead to events. */
export interface Captured {
  readonly rules: ReadonlyMap<string, ModelRules>;
  /**
   * Whether a referential action on a model with rules may follow when these fields of a row change; undefined: when
   * the row is deleted.
   */
  setsOffActions(model: Model, fields: readonly string[] | undefined): boolean;
}

/**
 * The nested writes that matter: those that reach models with rules, and those that the event of a row above them
 * shows. Undefined when there are none.
 *
 * @param ownerHasEvent whether the row that the node's data is written to gets an event.
 */
export function relevantWrites(
  captured: Captured,
  node: NestedNode,
  ownerHasEvent: boolean,
): NestedNode | undefined {
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
  if (ownerHasEvent || items.some((item) => setsOffActions(captured, nested, item))) return kept;
  const reachesTarget = link.holder === "other" || created !== undefined || !items.every(isLink);
  if (rules.has(target.name) && reachesTarget) return kept;
  const reachesFurther = items.some(({ node }) => node !== undefined) || (created?.relations.length ?? 0) > 0;
  return reachesFurther || takesFromAnother(rules, nested) ? kept : undefined;
}

function withRelevantWrites(captured: Captured, item: NestedItem, ownerHasEvent: boolean): NestedItem {
  const { node } = item;
  return node === undefined ? item : { ...item, node: relevantWrites(captured, node, ownerHasEvent) };
}

/** Whether a referential action may follow from what the item writes to the related rows. */
function setsOffActions(captured: Captured, { target, link }: NestedRelation, item: NestedItem): boolean {
  if (item.effect === "delete") return captured.setsOffActions(target, undefined);
  const fields = item.effect === "link" ? foreignFields(link) : writtenFields(target, item.data);
  return captured.setsOffActions(target, fields);
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
