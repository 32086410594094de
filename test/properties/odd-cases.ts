import type { OddGroup } from "./odd-tables.js";
import { type Data, RandomCalls, type Values } from "./random-calls.js";
import { type RandomCall, Tape } from "./random-writes.js";
import type { TwinCase, Twins } from "./twins.js";

/** A call on the models of a group. */
export function oddCase(twins: Twins, group: OddGroup, numbers: readonly number[]): TwinCase {
  const tape = new Tape(numbers.slice(0, 20));
  const rest = numbers.slice(20);
  const models = Array.from(new Set(group.models));
  const captured = tape.often(60) ? models : models.filter(() => tape.often(50));
  const call = () =>
    selecting(
      group,
      new RandomCalls(twins.models, new Tape(rest), valuesOf(group)).call(group.models, group.most),
    );
  // The first delete of a row that cannot be read fails in a transaction, see docs/capture.md#known-gaps.
  const isGap = group.select !== undefined && call().operation === "delete";
  return {
    rows: group.rows,
    call,
    captured: captured.length === 0 ? models : captured,
    others: models,
    inTransaction: !isGap && tape.often(15),
    mayBeRefused: group.mayBeRefused === true,
    areEventsDisputed: group.isDisputed === true,
  };
}

function selecting({ select }: OddGroup, call: RandomCall): RandomCall {
  if (select === undefined || /Many$/.test(call.operation)) return call;
  const args: Data = { ...call.args, select };
  delete args["include"];
  return { ...call, args };
}

function valuesOf({ values }: OddGroup): Values {
  return {
    isGenerated: ({ name, type }) =>
      name === "mark" || (type === "Int" && /^id$|LikeThis$/.test(name) && values["id"] === undefined),
    sought: ({ name, isList }, tape) => {
      const pool = values[name]?.filter((value) => value !== null);
      if (name === "note") return tape.one(["n1", "n2"]);
      if (isList) return tape.one(pool ?? [[]]);
      return pool === undefined ? tape.pick(4) + 1 : tape.one(pool);
    },
    written: ({ name, isOptional }, tape, { isNew, isNeeded }) => {
      const pool = values[name];
      if (name === "mark") return undefined;
      if (pool === undefined && /^id$|LikeThis$/.test(name) && !tape.often(20)) return undefined;
      if (pool === undefined && name === "note") return tape.one(["new", "n1", null]);
      if (isOptional && !isNeeded && tape.often(20)) return null;
      if (pool !== undefined) return tape.one(pool);
      return !isNew && tape.often(20) ? { increment: 5 } : tape.pick(6) + 1;
    },
  };
}
