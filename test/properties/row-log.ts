import pg, { type Pool } from "pg";

import type { Model } from "../../src/models/model.js";
import type { Rows } from "./twin-rows.js";

/** What became of a row, and what it was and is, as far as Prisma can read it. */
export interface RowChange {
  /** Model, operation and mark. */
  readonly what: string;
  /** What can be said as well: of a row that came with the key of one which a trigger took away. */
  readonly or?: string | undefined;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Texts = Readonly<Record<string, string | null>>;

interface Logged {
  readonly table: string;
  /** Whether a trigger of the application did it. */
  readonly isUnseen: boolean;
  readonly before: Texts | null;
  readonly after: Texts | null;
  /** The mark of the row whose key it got, where a trigger has taken that one away. */
  readonly insteadOf?: string | null | undefined;
}

/** From the names of tables to that of the model's table, which may be a view of them. */
export type Aliases = Readonly<Record<string, string>>;

/** Which rows were written, noted by triggers. */
export class RowLog {
  readonly #pool: Pool;
  readonly #aliases: Aliases;
  /** All that are neither views nor partitions. */
  readonly #tables: readonly string[];

  private constructor(pool: Pool, aliases: Aliases, tables: readonly string[]) {
    this.#pool = pool;
    this.#aliases = aliases;
    this.#tables = tables;
  }

  /** Puts a trigger on every table of the schema `public`. */
  static async install(pool: Pool, aliases: Aliases): Promise<RowLog> {
    await pool.query(`
      create schema truth;
      create table truth.log (number bigserial primary key, "table" text, is_unseen boolean, before jsonb, after jsonb);
      create function truth.texts(jsonb) returns jsonb language sql as
        'select jsonb_object_agg(key, value) from jsonb_each_text($1)';
      -- With the owner's rights, and last of all triggers. What a trigger of the application does is nothing that a call
      -- did: these say so by truth.is_unseen.
      create function truth.note() returns trigger language plpgsql security definer as $$ begin
        insert into truth.log ("table", is_unseen, before, after) values (tg_table_name,
          coalesce(current_setting('truth.is_unseen', true), '') = 'yes',
          case tg_op when 'INSERT' then null else truth.texts(to_jsonb(old)) end,
          case tg_op when 'DELETE' then null else truth.texts(to_jsonb(new)) end);
        return null;
      end $$;
      create view truth.tables as select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition;
      do $$ declare one text; begin
        for one in select name from truth.tables loop
          execute format('create trigger zz_truth after insert or update or delete on public.%I
                            for each row execute function truth.note()', one);
        end loop;
      end $$`);
    const { rows } = await pool.query<{ name: string }>("select name from truth.tables");
    return new RowLog(
      pool,
      aliases,
      rows.map(({ name }) => name),
    );
  }

  async clear(): Promise<void> {
    await this.#pool.query("delete from truth.log");
  }

  /** Takes all rows away, and starts sequences again. */
  async empty(models: readonly Model[]): Promise<void> {
    const names = new Set(models.map(({ table }) => table));
    const tables = this.#tables.filter((table) => names.has(this.#aliases[table] ?? table));
    await this.#pool.query(
      `truncate ${tables.map((table) => pg.escapeIdentifier(table)).join(", ")} restart identity cascade`,
    );
  }

  /** The marks of all rows. */
  async marks(model: Model): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ mark: string }>(
      `select mark::text from ${tableOf(model)} order by mark`,
    );
    return rows.map(({ mark }) => mark);
  }

  /** All rows of these tables as text. */
  async contents(models: readonly Model[]): Promise<string> {
    const found = models.map(async (model) => {
      const { rows } = await this.#pool.query<{ row: string }>(
        `select t::text as row from ${tableOf(model)} t order by 1`,
      );
      return `${model.name} ${rows.map(({ row }) => row).join(" ")}`;
    });
    return (await Promise.all(found)).join("; ");
  }

  /**
   * Model and mark of the rows that the call wrote and that a trigger of the application took away before it ended. That they
   * were created or changed is as true as that nothing is left of it.
   */
  async disputed(models: readonly Model[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.#pool.query<{ table: string; mark: string }>(
      `select "table", coalesce(before, after) ->> 'mark' as mark from truth.log
        group by 1, 2 having count(*) > 1 and bool_or(is_unseen)`,
    );
    const nameOf = (table: string) =>
      models.find((model) => model.table === (this.#aliases[table] ?? table))?.name;
    return new Set(rows.map(({ table, mark }) => `${nameOf(table)} ${mark}`));
  }

  /**
   * What became of each row. A row whose key comes again under another mark is the same row, as Prisma sees it.
   * A change that Prisma cannot see is none.
   */
  async changes(
    models: readonly Model[],
    before: ReadonlyMap<string, Rows>,
    after: ReadonlyMap<string, Rows>,
  ): Promise<readonly RowChange[]> {
    const { rows } = await this.#pool.query<Logged>(
      'select "table", is_unseen as "isUnseen", before, after from truth.log order by number',
    );
    return models.flatMap((model) => {
      const isOf = ({ table }: Logged) => (this.#aliases[table] ?? table) === model.table;
      const of = (tables: ReadonlyMap<string, Rows>, { mark }: Texts) =>
        tables.get(model.name)?.get(mark ?? "");
      return replaced(model, netOf(rows.filter(isOf))).flatMap(({ before: old, after: now, insteadOf }) => {
        const was = old === null ? undefined : of(before, old);
        const is = now === null ? undefined : of(after, now);
        const operation = old === null ? "create" : now === null ? "delete" : "update";
        const isSeen =
          was === undefined || is === undefined
            ? differ(asSeen(model, old), asSeen(model, now))
            : withoutTouched(model, was) !== withoutTouched(model, is);
        if (!isSeen) return [];
        const or = insteadOf === undefined ? undefined : `${model.name} update ${insteadOf}`;
        return [{ what: `${model.name} ${operation} ${(old ?? now)?.["mark"]}`, or, before: was, after: is }];
      });
    });
  }
}

export function tableOf({ schema, table }: Model): string {
  return `${pg.escapeIdentifier(schema ?? "public")}.${pg.escapeIdentifier(table)}`;
}

/** Prisma takes a list that is null for an empty one. */
function asSeen(model: Model, row: Texts | null): Texts | null {
  const lists = Array.from(model.scalars.values()).filter(({ isList }) => isList);
  return row && { ...row, ...Object.fromEntries(lists.map(({ column }) => [column, row[column] ?? "[]"])) };
}

function differ(a: Texts | null, b: Texts | null): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

/** A row without the times of @updatedAt, as text. */
function withoutTouched(model: Model, row: string): string {
  const touched = Array.from(model.scalars.values()).filter(({ isUpdatedAt }) => isUpdatedAt);
  return touched.reduce((text, { name }) => text.replace(new RegExp(`\\b${name}: [^,}]*`), ""), row);
}

/** The first and the last state of each row. */
function netOf(logged: readonly Logged[]): readonly Logged[] {
  const states = new Map<string, Logged>();
  for (const { table, isUnseen, before, after } of logged) {
    const mark = (after ?? before)?.["mark"] ?? "";
    const known = states.get(mark);
    states.set(mark, { table, isUnseen, before: known === undefined ? before : known.before, after });
  }
  return Array.from(states.values()).filter(({ before, after }) => before !== null || after !== null);
}

/** A row that went, and another that came with its key, are one row. */
function replaced(model: Model, rows: readonly Logged[]): readonly Logged[] {
  const keyOf = (row: Texts) =>
    JSON.stringify(model.identity?.fields.map((field) => row[model.scalars.get(field)?.column ?? ""]));
  const gone = new Map(
    rows.flatMap((row) => (row.before !== null && row.after === null ? [[keyOf(row.before), row]] : [])),
  );
  const merged = rows.flatMap((row) => {
    if (row.before !== null || row.after === null) return [row];
    const one = gone.get(keyOf(row.after));
    if (one === undefined) return [row];
    gone.delete(keyOf(row.after));
    return [one.isUnseen ? { ...row, insteadOf: one.before?.["mark"] } : { ...row, before: one.before }];
  });
  const left = new Set(gone.values());
  return merged.filter(
    (row) => row.before === null || row.after !== null || (left.has(row) && !row.isUnseen),
  );
}
