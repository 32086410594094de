import type { Operation } from "./random-calls.js";

/** What every table has, see test/properties/twins.ts. */
const common = "mark serial, note text";
const row = `id serial primary key, ${common}`;

const long = {
  table: '"aVeryLongNameOfATableWithSixtyThreeBytesWhichIsTheMostThereIsNo"',
  id: '"aVeryLongNameOfAColumnWithSixtyThreeBytesWhichIsTheMostThereCan"',
  name: '"äöüäöüäöüäöüäöüäöüäöüäöüäöüäöü"',
  foreign: '"aVeryLongNameOfAForeignKeyOfSixtyThreeBytesTheMostThereIsToHave"',
  parts: `"a table's ""name""; with $1 and %s"`,
};

/** The tables of prisma/odd.prisma. */
export const oddTables = `
create extension citext;

create table "Person" (${row}, name text not null unique, legacy text unique, badge text unique);
create table vouchers (nr serial primary key, person int references "Person" on delete cascade on update cascade, code int unique);
create table "Invoice" (${row},
  "by legacy" text references "Person" (legacy) on delete cascade on update cascade,
  "byBadge" text references "Person" (badge) on delete set null on update cascade deferrable initially deferred,
  "byName" text default 'nobody' references "Person" (name) on delete set default on update cascade,
  voucher int references vouchers (code) on delete cascade on update cascade);
create table "Mail" (mail citext primary key, ${common});
create table "Letter" (${row}, mail citext references "Mail" on delete set null on update cascade);

create domain nonempty as text not null check (value is not null and length(value) > 0);
create domain positive as int check (value is not null and value > 0);
create table "Shelf" (id serial primary key, ${common}, code nonempty unique, label nonempty);
create table "Volume" ("shelfId" positive references "Shelf" on delete cascade on update cascade, nr positive, title nonempty, ${common},
  primary key ("shelfId", nr));

create table ${long.table} (${long.id} serial primary key, ${long.name} text not null unique, ${common});
create table ${long.parts} (${row}, ${long.foreign} text references ${long.table} (${long.name}) on delete set null on update cascade);

create table seen_rows (id int primary key, code text not null unique, ${common}, hidden text default 'h');
create view "Seen" as select id, code, mark, note from seen_rows where id < 100;
create table "SeenKid" (${row}, code text);

create table "Entry" (id int, region text, ${common}, primary key (id, region)) partition by list (region);
create table entry_north partition of "Entry" for values in ('north', 'far');
create table entry_other partition of "Entry" default;
create table "EntryLine" (${row}, entry int, region text,
  foreign key (entry, region) references "Entry" on delete cascade on update cascade);

create table "Slug" (slug text primary key, title text, ${common});
create table "Link" (${row}, "slugId" text references "Slug" on delete set null on update cascade);
create function small_slug() returns trigger language plpgsql as $$ begin new.slug := lower(new.slug); return new; end $$;
create trigger small_slug before insert or update on "Slug" for each row execute function small_slug();

create table "Version" (name text, version int default 1, ${common}, primary key (name, version));
create function next_version() returns trigger language plpgsql as $$ begin new.version := old.version + 1; return new; end $$;
create trigger next_version before update on "Version" for each row execute function next_version();

create table "Gate" (${row}, code text not null unique);
create function at_gate() returns trigger language plpgsql as $$ begin
  if coalesce(case tg_op when 'INSERT' then new.note else old.note end, '') = 'skip' then return null; end if;
  return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger at_gate before insert or update or delete on "Gate" for each row execute function at_gate();

create table "Recent" (${row}, code text not null unique);
create function keep_recent() returns trigger language plpgsql as $$ begin
  perform set_config('truth.is_unseen', 'yes', true);
  delete from "Recent" where id in (select id from "Recent" order by id desc offset 2);
  perform set_config('truth.is_unseen', '', true);
  return new;
end $$;
create trigger keep_recent before insert on "Recent" for each row execute function keep_recent();

create table "Full" (${row}, code text not null unique);
create function keep_first() returns trigger language plpgsql as $$ begin
  perform set_config('truth.is_unseen', 'yes', true);
  delete from "Full" where id in (select id from "Full" order by id offset 3);
  perform set_config('truth.is_unseen', '', true);
  return null;
end $$;
create trigger zzz_keep_first after insert on "Full" for each row execute function keep_first();

create type "Mood" as enum ('CALM', 'WILD', 'new to the client');
create table "Odd" (${row}, code text not null unique, numbers int[], mood "Mood", moods "Mood"[]);`;

/** Tables of which others have the rows: the model's table by its name. */
export const aliases = { seen_rows: "Seen", entry_north: "Entry", entry_other: "Entry" } as const;

/** Models that are tried together. */
export interface OddGroup {
  readonly name: string;
  readonly models: readonly string[];
  readonly rows: string;
  /** Values by field; small numbers where there are none. */
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  /** What is tried most. */
  readonly most?: Operation;
  /** Whether nobody can say what became of the rows: those that a call makes and a trigger takes away at once. */
  readonly isDisputed?: boolean;
  /** Whether keys that move rows may be refused, as docs/capture.md#what-is-refused says. */
  readonly mayBeRefused?: boolean;
  /** What calls ask for, where they cannot read everything. */
  readonly select?: Readonly<Record<string, true>>;
}

const codes = ["a", "b", "c", "x", "y"];

/** Foreign keys that the Prisma schema does not show, or not fully. */
export const hiddenReferences: readonly OddGroup[] = [
  {
    name: "foreign keys to columns and through tables that Prisma does not have",
    models: ["Person", "Invoice", "Person"],
    rows: `truncate vouchers cascade; insert into "Person" (name, legacy, badge, note) values ('ann', 'A', 'X', 'n1'), ('bob', 'B', 'Y', 'n2'), ('nobody', null, null, null);
insert into vouchers (person, code) values (1, 11), (1, 12), (2, 13);
insert into "Invoice" ("by legacy", "byBadge", "byName", voucher, note) values ('A', null, null, null, 'n1'), (null, 'X', null, null, 'n2'),
  (null, null, 'ann', null, null), (null, null, null, 11, 'n1'), ('B', 'Y', 'bob', 13, null), ('A', 'Y', 'nobody', 12, null);`,
    values: {
      name: ["anne", "bob", "carl", "ann"],
      byLegacy: ["A", "B", "C", null],
      byBadge: ["X", "Y", "Z", null],
      byName: ["ann", "bob", "nobody", null],
      voucher: [11, 12, 13, null, 14],
    },
  },
  {
    name: "a foreign key of a text without case",
    models: ["Mail", "Letter", "Mail"],
    rows: `insert into "Mail" (mail, note) values ('Ann@x', 'n1'), ('bob@x', 'n2'), ('Cy@x', null);
insert into "Letter" (mail, note) values ('ANN@x', 'n1'), ('Ann@x', 'n2'), ('BOB@X', null), (null, null);`,
    values: { mail: ["ann@x", "ANN@X", "Ann@x", "bob@x", "BOB@x", "cy@x", "dee@x"] },
  },
];

/** Everything else. */
export const oddGroups: readonly OddGroup[] = [
  {
    name: "domains",
    models: ["Shelf", "Volume", "Shelf"],
    rows: `insert into "Shelf" (code, label, note) values ('a', 'l', 'n1'), ('b', 'm', 'n2'), ('c', 'l', null);
insert into "Volume" ("shelfId", nr, title, note) values (1, 1, 't', 'n1'), (1, 2, 'u', 'n2'), (2, 1, 'v', null);`,
    values: { code: [...codes, ""], label: ["l", "m", "z", ""], title: ["t", "z", ""], nr: [1, 2, 3, 0] },
  },
  {
    name: "names of 63 bytes, and longer ones in Prisma",
    models: ["Long", "LongPart", "Long"],
    rows: `insert into ${long.table} (${long.name}, note) values ('a', 'n1'), ('b', 'n2'), ('c', null);
insert into ${long.parts} (${long.foreign}, note) values ('a', 'n1'), ('a', 'n2'), ('b', null), (null, 'n1');`,
    values: {
      theNumberThatTellsThisRowFromAllOthersAndThatNobodyWouldEverCallLikeThat: codes,
      longName: ["a", "b", "c"],
    },
  },
  {
    name: "a view",
    models: ["Seen", "SeenKid", "Seen"],
    rows: `insert into seen_rows (id, code, note) values (1, 'a', 'n1'), (2, 'b', 'n2'), (3, 'c', null), (200, 'x', 'n1');
insert into "SeenKid" (code, note) values ('a', 'n1'), ('a', 'n2'), ('b', null), (null, 'n1');`,
    values: { id: [1, 2, 3, 4, 5, 200, 300], code: codes },
    mayBeRefused: true,
  },
  {
    name: "partitions",
    models: ["Entry", "EntryLine", "Entry"],
    rows: `insert into "Entry" (id, region, note) values (1, 'north', 'n1'), (1, 'south', 'n2'), (2, 'north', null), (3, 'west', 'n1');
insert into "EntryLine" (entry, region, note) values (1, 'north', 'n1'), (1, 'north', 'n2'), (1, 'south', null), (null, null, null);`,
    values: { region: ["north", "south", "far", "west"] },
    mayBeRefused: true,
  },
  {
    name: "a trigger that writes keys",
    models: ["Slug", "Link", "Slug"],
    rows: `insert into "Slug" (slug, title, note) values ('a', 't', 'n1'), ('b', 'u', 'n2'), ('c', null, null);
insert into "Link" ("slugId", note) values ('a', 'n1'), ('a', 'n2'), ('b', null), (null, null);`,
    values: { slug: ["a", "A", "b", "C", "X", "y"], slugId: ["a", "b", "c"], title: ["t", "z", null] },
  },
  {
    name: "a trigger that counts in the key",
    models: ["Version"],
    rows: `insert into "Version" (name, version, note) values ('a', 1, 'n1'), ('a', 3, 'n2'), ('b', 1, null), ('b', 7, 'n1');`,
    values: { name: ["a", "b", "c"], version: [1, 2, 3, 7, 9] },
  },
  {
    name: "a trigger that skips rows",
    models: ["Gate"],
    rows: `insert into "Gate" (code, note) values ('a', 'n1'), ('b', 'n2'), ('c', null); alter table "Gate" disable trigger at_gate;
insert into "Gate" (code, note) values ('x', 'skip'); alter table "Gate" enable trigger at_gate;`,
    values: { code: codes, note: ["skip", "skip", "n1"] },
    most: "upsert",
  },
  {
    name: "a trigger that prunes rows",
    models: ["Recent"],
    rows: `alter table "Recent" disable trigger keep_recent; insert into "Recent" (code, note) values ('a', 'n1'), ('b', 'n2'), ('c', null);
alter table "Recent" enable trigger keep_recent;`,
    values: { code: codes },
    most: "upsert",
  },
  {
    name: "a trigger that takes new rows away at once",
    models: ["Full"],
    rows: `insert into "Full" (code, note) values ('a', 'n1'), ('b', 'n2');`,
    values: { code: codes },
    most: "upsert",
    isDisputed: true,
  },
  {
    name: "values that the client cannot read",
    models: ["Odd"],
    rows: `insert into "Odd" (code, numbers, mood, moods, note) values ('a', '{1,null}', 'CALM', '{CALM}', 'n1'), ('b', '{{1,2},{3,4}}', 'CALM', null, 'n2'),
  ('c', '{1}', 'new to the client', '{WILD}', null), ('d', '[0:1]={5,6}', null, '{CALM,null}', 'n1'), ('e', '{}', 'WILD', '{new to the client}', 'n2'), ('f', '{2}', 'CALM', '{}', null);`,
    values: {
      code: ["a", "b", "c", "d", "e", "f", "x"],
      numbers: [[1], []],
      mood: ["CALM", "WILD"],
      moods: [["CALM"], []],
    },
    select: { id: true },
  },
];
