import type { ScalarField } from "../../src/models/model.js";
import { RandomCalls, type Values } from "./random-calls.js";
import { Tape } from "./random-writes.js";
import type { TwinCase, Twins } from "./twins.js";

const common = "id serial primary key, owner text not null default 'ann', mark serial, note text";

/** The tables of prisma/rights.prisma. */
export const rightsTables = `
create table "Doc" (${common}, status text not null default 'draft');
create table "Page" (${common}, status text not null default 'draft',
  "docId" int not null references "Doc" on delete cascade on update cascade);
create table "Label" (${common}, status text not null unique,
  "docId" int references "Doc" on delete set null on update cascade);
create table "Line" (${common}, status text not null default 'draft',
  "pageId" int not null references "Page" on delete cascade on update cascade);`;

export const tables = ["Doc", "Page", "Label", "Line"] as const;
const commands = ["select", "insert", "update", "delete"] as const;
const others: Readonly<Record<string, string>> = {
  Doc: "note",
  Page: '"docId"',
  Label: '"docId"',
  Line: '"pageId"',
};

const rows = `
insert into "Doc" (status, owner, note) values ('draft', 'ann', 'n1'), ('final', 'ann', 'n2'), ('draft', 'bob', null);
insert into "Page" ("docId", status, owner, note) values (1, 'draft', 'ann', 'n1'), (1, 'final', 'bob', 'n2'), (2, 'draft', 'ann', null), (3, 'draft', 'bob', 'n1');
insert into "Label" ("docId", status, owner, note) values (1, 'draft', 'ann', 'n1'), (1, 'final', 'bob', 'n2'), (2, 'gone', 'ann', null), (null, 'new', 'ann', null);
insert into "Line" ("pageId", status, owner, note) values (1, 'draft', 'ann', 'n1'), (1, 'final', 'bob', 'n2'), (2, 'draft', 'ann', null), (3, 'final', 'ann', null);`;

/** What every role gets, see docs/publish.md#rights. */
function publishing(role: string): string {
  return `
grant usage on schema public, event_bus to "${role}";
grant execute on function event_bus.publish(jsonb, integer),
  event_bus.publish(text, jsonb, text, text, jsonb, jsonb, jsonb, jsonb, integer, uuid) to "${role}";
grant usage on all sequences in schema public to "${role}";`;
}

/** Takes all rights away, and gives the role random ones, and the tables random policies. */
export function randomRights(role: string, numbers: readonly number[]): string {
  const tape = new Tape(numbers);
  const given = tables.map((table) => {
    const lines = [`alter table "${table}" owner to current_user`, `revoke all on "${table}" from "${role}"`];
    if (tape.often(15)) lines.push(`alter table "${table}" owner to "${role}"`);
    for (const command of commands) {
      const [name, columns] = [tape.pick(12), `id, mark, ${others[table]}`];
      if (name === 11) continue;
      const some = command !== "delete" && name === 10 ? ` (${columns})` : "";
      lines.push(`grant ${command}${some} on "${table}" to "${role}"`);
    }
    lines.push(`alter table "${table}" ${tape.often(60) ? "enable" : "disable"} row level security`);
    lines.push(`alter table "${table}" ${tape.often(50) ? "force" : "no force"} row level security`);
    return [...lines, ...policies(table, tape)].join(";\n");
  });
  return `${drops}\n${given.join(";\n")};\n${publishing(role)}`;
}

const drops = `do $$ declare one record; begin
  for one in select policyname, tablename from pg_policies where schemaname = 'public' loop
    execute format('drop policy %I on %I', one.policyname, one.tablename);
  end loop;
end $$;`;

function policies(table: string, tape: Tape): readonly string[] {
  const rule = () =>
    tape.one([
      "true",
      "status = 'draft'",
      "owner = current_setting('app.owner', true)",
      "id <> 2",
      "true",
      "note is distinct from 'n2'",
    ]);
  const made = commands.flatMap((command) => {
    if (tape.often(8)) return [];
    const using = command === "insert" ? "" : ` using (${rule()})`;
    const check =
      command === "insert" || (command === "update" && tape.often(40)) ? ` with check (${rule()})` : "";
    return [`create policy "${command}" on "${table}" for ${command}${using}${check}`];
  });
  if (tape.often(10))
    made.push(`create policy "narrow" on "${table}" as restrictive for all using (${rule()})`);
  return made;
}

/** A call on those tables. */
export function rightsCase(twins: Twins, numbers: readonly number[]): TwinCase {
  const tape = new Tape(numbers.slice(0, 20));
  const rest = numbers.slice(20);
  const some = tape.often(60) ? tables : tables.filter(() => tape.often(50));
  const setting = tape.often(20) ? "select set_config('app.owner', 'bob', true)" : undefined;
  return {
    rows,
    call: () => new RandomCalls(twins.models, new Tape(rest), values).call(tables),
    captured: some.length === 0 ? tables : some,
    mayBeRefused: true,
    inTransaction: setting !== undefined || tape.often(10),
    ...(setting === undefined ? {} : { setting }),
  };
}

const values: Values = {
  isGenerated: ({ name }) => ["id", "mark", "owner"].includes(name),
  sought: (field, tape) => {
    if (field.name === "status") return tape.one(["draft", "final", "gone"]);
    return field.name === "note" ? tape.one(["n1", "n2"]) : tape.pick(4) + 1;
  },
  written: (field: ScalarField, tape) => {
    if (field.name === "mark" || (field.name === "id" && !tape.often(10))) return undefined;
    if (field.name === "note") return tape.one(["new", "n1", "n2", null]);
    if (field.name === "status") return tape.one(["draft", "final", "fresh"]);
    if (field.name === "owner") return tape.one(["ann", "bob"]);
    return field.name === "id" ? tape.pick(9) + 1 : tape.pick(4) + 1;
  },
};
