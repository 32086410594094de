import { readFileSync } from "node:fs";

import type { ScalarField } from "../../src/models/model.js";
import { type KeyValues, keyValues } from "./key-values.js";
import { RandomCalls, type Values } from "./random-calls.js";
import { Tape } from "./random-writes.js";
import type { TwinCase, Twins } from "./twins.js";

interface KeyType {
  readonly name: string;
  readonly sql: string;
  /** Without relations. */
  readonly alone?: boolean;
}

/** Every type of keys. */
export const keyTypes: readonly KeyType[] = JSON.parse(
  readFileSync(new URL("../../prisma/key-types.json", import.meta.url), "utf8"),
);

const common = "mark serial, note text";

/** The tables of prisma/keys-schema.mjs. */
export function keyTables(): string {
  const tables = keyTypes.map(({ name, sql, alone }) =>
    alone === true
      ? `create table "${name} roots" ("the key" ${sql} unique not null, ${common});
         create table "${name} drops" (id serial primary key, part ${sql} not null, nr int not null, ${common}, unique (part, nr));`
      : `create table "${name} roots" ("the key" ${sql} primary key, "Alt" ${sql} unique, ${common});
         create table "${name} leaves" (
           id serial primary key, ${common},
           "root key" ${sql} references "${name} roots" on delete set null on update cascade,
           "altKey" ${sql} references "${name} roots" ("Alt") on delete cascade on update cascade);
         create table "${name} drops" (
           "root key" ${sql} references "${name} roots" on delete cascade on update cascade,
           part ${sql}, nr int not null, ${common}, primary key ("root key", part), unique (part, nr));`,
  );
  return `create extension citext; create type mood as enum ('CALM', 'wild one'); ${tables.join("\n")}`;
}

/** A case on the models of one type. The same numbers make the same case. */
export function keyCase(twins: Twins, type: KeyType, numbers: readonly number[]): TwinCase {
  const values = keyValues[type.name];
  if (values === undefined) throw new Error(`no values for ${type.name}`);
  const tape = new Tape(numbers.slice(0, 20));
  const rest = numbers.slice(20);
  const models = (type.alone === true ? ["Root", "Drop"] : ["Root", "Leaf", "Drop"]).map(
    (last) => type.name + last,
  );
  const captured = tape.often(60) ? models : models.filter(() => tape.often(50));
  return {
    rows: (type.alone === true ? rowsAlone : rowsOf)(type.name, values.sql, tape),
    call: () => new RandomCalls(twins.models, new Tape(rest), valuesOf(values)).call(models),
    captured: captured.length === 0 ? models : captured,
    inTransaction: tape.often(15),
  };
}

/** Half of the cases have only the first rows, which Prisma can always write itself. */
function drawn(sql: readonly string[], tape: Tape): readonly string[] {
  const all = tape.often(50) ? sql : sql.slice(0, 3);
  return Array.from({ length: 3 }, () => tape.one(all));
}

function rowsOf(name: string, sql: readonly string[], tape: Tape): string {
  const [a = "", b = "", c = ""] = drawn(sql, tape);
  const rows = (table: string, selected: string) =>
    `insert into "${name} ${table}" ${selected} on conflict do nothing;`;
  const keyOf = (mark: number) => `(select "the key" from "${name} roots" where mark = ${mark})`;
  const altOf = (mark: number) => `(select "Alt" from "${name} roots" where mark = ${mark})`;
  return [
    rows("roots", `("the key", "Alt", note) values (${a}, ${b}, 'n1')`),
    rows("roots", `("the key", "Alt", note) values (${b}, ${c}, 'n2')`),
    rows("roots", `("the key", "Alt", note) values (${c}, null, null)`),
    rows(
      "leaves",
      `("root key", "altKey", note) values (${keyOf(1)}, null, 'n1'), (${keyOf(1)}, ${altOf(1)}, 'n2')`,
    ),
    rows("leaves", `("root key", "altKey") values (${keyOf(2)}, ${altOf(1)}), (null, null)`),
    rows(
      "drops",
      `("root key", part, nr, note) values (${keyOf(1)}, ${a}, 1, 'n1'), (${keyOf(1)}, ${b}, 2, 'n2')`,
    ),
    rows("drops", `("root key", part, nr) select "the key", ${c}, 3 from "${name} roots" where mark = 2`),
  ].join("\n");
}

function rowsAlone(name: string, sql: readonly string[], tape: Tape): string {
  const [a = "", b = "", c = ""] = drawn(sql, tape);
  return [a, b, c]
    .map(
      (
        one,
        at,
      ) => `insert into "${name} roots" ("the key", note) values (${one}, 'n${at}') on conflict do nothing;
insert into "${name} drops" (part, nr, note) values (${one}, ${at % 2}, 'n${at}') on conflict do nothing;`,
    )
    .join("\n");
}

const isKeyField = ({ name }: ScalarField) => ["key", "alt", "rootKey", "altKey", "part"].includes(name);

function valuesOf({ js, steps }: KeyValues): Values {
  return {
    isGenerated: ({ name }) => name === "id" || name === "mark",
    sought: (field, tape) => {
      if (isKeyField(field)) return tape.one(js);
      return field.name === "note" ? tape.one(["n1", "n2"]) : tape.pick(4) + 1;
    },
    written: (field, tape, { isNew, isNeeded }) => {
      if (field.name === "mark" || (field.name === "id" && !tape.often(20))) return undefined;
      if (field.name === "note") return tape.one(["new", "n1", null]);
      if (!isKeyField(field)) return tape.pick(6) + 1;
      if (field.isOptional && !isNeeded && tape.often(20)) return null;
      const value = tape.one(js);
      if (isNew || !tape.often(30)) return value;
      if (steps === undefined || field.isList || tape.often(40)) return { set: value };
      return { [tape.one(["increment", "decrement", "multiply", "divide"])]: tape.one(steps) };
    },
  };
}
