import { expect, it } from "vitest";

import { executorOf } from "../../../src/outbox/executor.js";
import { findEvents } from "../../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../../src/outbox/schema-names.js";
import { testDatabase } from "../../support/database.js";
import { openTeams, type TeamsClient } from "./fixture.js";

// Prisma makes no index for a foreign key. What refers to many rows is found in one pass over its table, not in one for each.

const { url, pool } = await testDatabase();

const TASKS = 40;
const OTHER_TASKS = 500;
const NOTES_OF_EACH = 10;

it.each([
  ["no index", ""],
  ["an index", `create index notes_of_tasks on "Note" ("taskId")`],
  [
    "an index that begins with another column",
    `create index notes_by_text on "Note" (text text_pattern_ops, "taskId")`,
  ],
  ["an index of some rows", `create index some_notes on "Note" ("taskId") where text = 'other'`],
  ["an index that finds nothing by equality", `create index notes_brin on "Note" using brin ("taskId")`],
])("new rows that refer to many are read in one pass: %s", async (_, index) => {
  await pool.query(`
    truncate event_bus.events, teams, tasks, "Note", "Priority" restart identity cascade;
    drop index if exists notes_of_tasks, notes_by_text, some_notes, notes_brin;
    insert into "Priority" (id, name) values (0, 'none');
    ${index}`);
  const task = { title: "t", notes: { create: [{ text: "a" }, { text: "b" }] } };
  const data = {
    slug: "s",
    name: "s",
    projects: { create: { name: "p", tasks: { create: Array(TASKS).fill(task) } } },
  };
  await pool.query(`
    insert into teams (slug, name, updated_at) values ('t', 't', now());
    insert into "Project" (id, name, "teamId") values (gen_random_uuid(), 'p', 1);
    insert into tasks (title, project_id) select 't', id from "Project" cross join generate_series(1, ${OTHER_TASKS});
    insert into "Note" (text, "taskId") select 'other', t.id from tasks t cross join generate_series(1, ${NOTES_OF_EACH});
    analyze`);
  // What it knows of the database it has asked once.
  const prisma = openTeams(url);
  const passes = await prisma.$transaction(async (tx) => {
    const before = await passesOf(tx);
    await tx.team.create({ data });
    return (await passesOf(tx)) - before;
  });
  expect(passes).toBeLessThanOrEqual(1);
  const events = await findEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES);
  expect(events).toHaveLength(2 + TASKS * 3);
});

/** How often the connection has read the notes from end to end. */
async function passesOf(tx: Pick<TeamsClient, "$queryRaw">): Promise<number> {
  const [counted] = await tx.$queryRaw<{ passes: number }[]>`
    select seq_scan::integer as passes from pg_stat_xact_user_tables where relname = 'Note'`;
  return counted?.passes ?? 0;
}
