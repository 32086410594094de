import type { ScalarField } from "../../src/models/model.js";
import { RandomCalls, type Values } from "./random-calls.js";
import { Tape } from "./random-writes.js";
import type { TwinCase, Twins } from "./twins.js";

const common = "mark serial, note text";
const row = `id serial primary key, ${common}`;

/** The tables of prisma/relation-mode.prisma: no foreign keys. */
export const relationTables = `
create table owners (${row}, code text not null unique);
create table "Pet" (${row}, "owner id" int not null);
create table "Toy" (${row}, "ownerCode" text);
create table "Passport" (${row}, "ownerId" int not null unique);
create table "Card" (${row}, "ownerId" int unique);
create table "Loan" (${row}, "ownerId" int not null);
create table "Visit" (${row}, "ownerId" int);
create table "Treat" (${row}, "petId" int not null);
create table "Crumb" (${row}, "treatId" int);
create table "Part" (${row}, "toyId" int not null);
create table "Club" (${row});
create table "_ClubToOwner" ("A" int not null, "B" int not null, primary key ("A", "B"));
create table "Membership" ("ownerId" int, "clubId" int, ${common}, primary key ("ownerId", "clubId"));
create table "Node" (${row}, "parentId" int, "mentorId" int);
create table "Room" (building text, number int, ${common}, primary key (building, number));
create table "Desk" (${row}, building text, number int);`;

/** The models of each part of the schema. Calls start more often where more hangs on a row. */
export const parts = [
  [
    "Owner",
    "Pet",
    "Toy",
    "Owner",
    "Treat",
    "Passport",
    "Card",
    "Loan",
    "Visit",
    "Crumb",
    "Part",
    "Club",
    "Membership",
    "Owner",
    "Pet",
  ],
  ["Node"],
  ["Room", "Desk", "Room"],
] as const;

const rows = [
  `truncate "_ClubToOwner"; insert into owners (code, note) values ('a', 'n1'), ('b', 'n2'), ('c', null), ('d', 'n1');
insert into "Pet" ("owner id", note) values (1, 'n1'), (1, 'n2'), (2, null), (4, 'n1');
insert into "Toy" ("ownerCode", note) values ('a', 'n1'), ('a', 'n2'), ('b', null), (null, 'n1');
insert into "Passport" ("ownerId", note) values (1, 'n1'), (2, 'n2');
insert into "Card" ("ownerId", note) values (1, 'n1'), (2, 'n2'), (null, 'n1');
insert into "Loan" ("ownerId", note) values (3, 'n1');
insert into "Visit" ("ownerId", note) values (4, 'n1'), (null, 'n2');
insert into "Treat" ("petId", note) values (1, 'n1'), (1, 'n2'), (3, null);
insert into "Crumb" ("treatId", note) values (1, 'n1'), (1, 'n2'), (2, null), (null, 'n1');
insert into "Part" ("toyId", note) values (1, 'n1'), (1, 'n2'), (3, null);
insert into "Club" (note) values ('n1'), ('n2'), (null);
insert into "_ClubToOwner" values (1, 1), (2, 1), (2, 2);
insert into "Membership" ("ownerId", "clubId", note) values (1, 1, 'n1'), (1, 2, 'n2'), (2, 1, null);`,
  `insert into "Node" ("parentId", "mentorId", note) values (null, null, 'n1'), (1, null, 'n2'), (2, 1, 'n1'), (null, 4, null), (null, null, null);`,
  `insert into "Room" (building, number, note) values ('a', 1, 'n1'), ('a', 2, 'n2'), ('b', 1, null);
insert into "Desk" (building, number, note) values ('a', 1, 'n1'), ('a', 1, 'n2'), ('b', 1, null), (null, 1, 'n1'), (null, null, null);`,
] as const;

/** A call on one part of the schema. */
export function relationCase(twins: Twins, numbers: readonly number[]): TwinCase {
  const tape = new Tape(numbers.slice(0, 30));
  const rest = numbers.slice(30);
  const part = tape.one([0, 0, 0, 0, 1, 2] as const);
  const models = Array.from(new Set<string>(parts[part]));
  const captured = tape.often(60) ? models : models.filter(() => tape.often(30));
  return {
    rows: rows[part],
    call: () => new RandomCalls(twins.models, new Tape(rest), values).call(parts[part]),
    captured: captured.length === 0 ? models : captured,
    inTransaction: tape.often(15),
  };
}

const isCode = ({ name }: ScalarField) => ["code", "ownerCode", "building"].includes(name);

const values: Values = {
  isGenerated: ({ name }) => name === "id" || name === "mark",
  sought: (field, tape) => {
    if (isCode(field)) return tape.one(["a", "b", "c", "d"]);
    return field.name === "note" ? tape.one(["n1", "n2"]) : tape.pick(4) + 1;
  },
  written: (field, tape, { isNew, isNeeded }) => {
    if (field.name === "mark" || (field.name === "id" && isNew && !tape.often(20))) return undefined;
    if (field.name === "note") return tape.one(["new", "n1", null]);
    if (field.isOptional && !isNeeded && tape.often(25)) return null;
    if (isCode(field)) return tape.one(["x", "a", "b", "y"]);
    if (!isNew && tape.often(15)) return { increment: 10 };
    return tape.one([9, 1, 2, 3, 4, 8]);
  },
};
