import type { Pool } from "pg";

import { executorOf } from "../../../src/outbox/executor.js";
import { type EventFilter, findEvents } from "../../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../../src/outbox/schema-names.js";
import { synchroniseSubscriptions } from "../../../src/outbox/subscriptions.js";
import type { StoredEvent } from "../../../src/registry/event.js";

/** An event as tests of captured rows look at it. */
export interface RowEvent extends StoredEvent {
  readonly aggregate: Readonly<Record<string, unknown>>;
  readonly changes: Readonly<Record<string, unknown>>;
  readonly initialData: Readonly<Record<string, unknown>>;
}

/** Counts of everything that a captured write leaves behind. */
export interface Counts {
  readonly rows: number;
  readonly events: number;
  readonly jobs: number;
}

/** What the database holds, asked on a connection of the test's own. */
export class Ledger {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The stored events by position. */
  async events(filter: EventFilter = {}): Promise<readonly RowEvent[]> {
    return (await findEvents(executorOf(this.#pool), DEFAULT_SCHEMA_NAMES, filter)) as readonly RowEvent[];
  }

  /** Takes all events away, and leaves the rows. */
  async forgetEvents(): Promise<void> {
    await this.#pool.query("delete from event_bus.events");
  }

  /** The only event; an error when there are none or several. */
  async event(): Promise<RowEvent> {
    const [event, ...others] = await this.events();
    if (event === undefined) throw new Error("expected one event, found none");
    if (others.length > 0) {
      throw new Error(`expected one event, found ${[event, ...others].map(({ name }) => name).join(", ")}`);
    }
    return event;
  }

  /** The names of the stored events by position. */
  async names(): Promise<readonly string[]> {
    return (await this.events()).map(({ name }) => name);
  }

  /** How many rows `table` has, and how many events and jobs there are. */
  async counts(table = "users"): Promise<Counts> {
    const { rows } = await this.#pool.query<Counts>(
      `select (select count(*)::int from ${table}) as rows,
              (select count(*)::int from event_bus.events) as events,
              (select count(*)::int from graphile_worker.jobs) as jobs`,
    );
    return rows[0] as Counts;
  }

  /** Notes every write to `table` from now on, together with the (sub)transaction that made it. */
  async watch(table: string, key = "id"): Promise<void> {
    await this.#pool.query(`
      create table if not exists written (number serial, what text, key text);
      create or replace function note_write() returns trigger language plpgsql as $$ begin
        insert into written (what, key) values (tg_op, to_jsonb(coalesce(new, old)) ->> tg_argv[0]);
        return null;
      end $$;
      create trigger note_write after insert or update or delete on ${table}
        for each row execute function note_write('${key}')`);
  }

  /** Watched writes, each with the event that the same (sub)transaction stored; null for what is alone. */
  async writesAndEvents(): Promise<readonly (readonly [string | null, string | null])[]> {
    const { rows } = await this.#pool.query(
      `select w.what, e.name from written w
         full join event_bus.events e on e.xmin = w.xmin and e.aggregate_key = w.key
        order by w.number, e.position`,
    );
    return rows.map(({ what, name }) => [what, name]);
  }

  /** How many different transactions wrote the events. */
  async transactions(): Promise<number> {
    const { rows } = await this.#pool.query("select count(distinct xid)::int as count from event_bus.events");
    return rows[0].count;
  }

  /** Empties all tables but those of migrations and subscriptions, and starts sequences again. */
  async clear(): Promise<void> {
    await this.#pool.query(
      `do $$ declare name text; begin
         set local lock_timeout = '5s';
         set local session_replication_role = replica; -- no foreign keys, no triggers
         set local search_path = pg_catalog;
         for name in select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public' loop
           execute 'delete from ' || name;
         end loop;
         perform setval(format('%I.%I', schemaname, sequencename), 1, false) from pg_sequences
           where schemaname = 'public';
         delete from event_bus.events;
         delete from event_bus.deliveries;
         perform graphile_worker.complete_jobs(array(select id from graphile_worker.jobs));
       end $$`,
    );
  }

  /** Keeps what the tables of the Prisma schema hold, for {@link restore}. */
  async keep(): Promise<void> {
    await this.#pool.query(
      `do $$ declare name text; begin
         create schema kept;
         create table kept.sequences as select sequencename as name, coalesce(last_value, 0) as value
           from pg_sequences where schemaname = 'public';
         for name in select quote_ident(tablename) from pg_tables where schemaname = 'public' loop
           execute format('create table kept.%s as table public.%1$s', name);
         end loop;
       end $$`,
    );
  }

  /** Brings back what {@link keep} kept, and removes all events. */
  async restore(): Promise<void> {
    await this.#pool.query(
      `do $$ declare name text; columns text; begin
         set local lock_timeout = '5s';
         set local session_replication_role = replica; -- no foreign keys, no triggers
         set local search_path = pg_catalog;
         for name, columns in
           select quote_ident(t.tablename), string_agg(quote_ident(a.attname), ', ')
             from pg_tables t
             join pg_attribute a on a.attrelid = format('public.%I', t.tablename)::regclass
            where t.schemaname = 'public' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            group by 1
         loop
           execute format('delete from public.%s', name);
           execute format('insert into public.%s (%s) overriding system value select %2$s from kept.%1$s', name, columns);
         end loop;
         perform setval(format('public.%I', s.name), s.value + 1, false) from kept.sequences s;
         delete from event_bus.events;
       end $$`,
    );
  }

  /** Everything that the tables of the Prisma schema hold, as text that can be compared. */
  async contents(): Promise<Readonly<Record<string, readonly string[]>>> {
    const tables = await this.#pool.query<{ name: string }>(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by 1",
    );
    const contents: Record<string, readonly string[]> = {};
    for (const { name } of tables.rows) {
      const { rows } = await this.#pool.query(`select t::text as row from ${name} t order by 1`);
      if (rows.length > 0) contents[name] = rows.map(({ row }) => row);
    }
    return contents;
  }

  /** Makes every one of these subscribers subscribe to every one of these events. */
  async subscribe(subscribers: readonly string[], events: readonly string[]): Promise<void> {
    const subscriptions = subscribers.flatMap((subscriber) =>
      events.map((event) => ({ event, subscriber, priority: 0, delayMs: 0, policy: {} })),
    );
    await synchroniseSubscriptions(executorOf(this.#pool), DEFAULT_SCHEMA_NAMES, "test", subscriptions);
  }
}
