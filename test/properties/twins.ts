import type { Pool } from "pg";

import type { Model, Models } from "../../src/models/model.js";
import { Ledger, type RowEvent } from "../extension/support/ledger.js";
import { testDatabase } from "../support/database.js";
import { modelsOf } from "../support/ground-truth.js";
import { type AnyClient, openGenerated, withRules } from "./generated-client.js";
import { make, type RandomCall, show } from "./random-writes.js";
import { type Aliases, type RowChange, RowLog } from "./row-log.js";
import { comparable, outcomeOf, type Rows, readRows } from "./twin-rows.js";

/** What a case is made of. The call is made anew for each client: neither sees what the other did to its arguments. */
export interface TwinCase {
  /** Fills the tables, which are empty. */
  readonly rows: string;
  readonly call: () => RandomCall;
  /** The models with rules. */
  readonly captured: readonly string[];
  /** Further models whose tables have rows. */
  readonly others?: readonly string[];
  readonly inTransaction?: boolean;
  /** SQL at the start of the transaction. */
  readonly setting?: string;
  /** Only results and rows are compared. */
  readonly areEventsDisputed?: boolean;
  /** Whether a refusal will do, when nothing was written. */
  readonly mayBeRefused?: boolean;
}

/** The clients that make the calls, where these are not those of the owner of the tables. */
export interface Callers {
  readonly plain: AnyClient;
  /** Without the extension, which is added. */
  readonly ours: AnyClient;
}

interface Side {
  readonly url: string;
  readonly pool: Pool;
  readonly base: AnyClient;
  readonly log: RowLog;
  readonly ledger: Ledger;
}

/** The tables of models, and what was found in them. */
type Tables = ReadonlyMap<string, Rows>;

/** By us, or by PostgreSQL: a captured call reads what it writes, which a role may not be allowed to see. */
const REFUSAL = /^EventBusError NOT_CAPTURED|Code: `42501`/;

/** A text that is no value of its type. */
const INVALID = /P2007: Invalid input value/;

/**
 * Two databases with the same tables and rows: one for a plain client, one for a client with the extension. Every model
 * has a column `mark`, which tells rows apart whatever becomes of their keys, and which no call writes.
 */
export class Twins {
  readonly models: Models;
  readonly #plain: Side;
  readonly #ours: Side;
  readonly #buses = new WeakMap<AnyClient, Map<string, AnyClient>>();
  /** How many calls took effect without the extension, and how many of these it refused. */
  readonly counts = { done: 0, refused: 0 };

  private constructor(plain: Side, ours: Side) {
    this.#plain = plain;
    this.#ours = ours;
    this.models = modelsOf(ours.base);
  }

  /**
   * @param client the folder of the generated client.
   * @param sql makes the tables.
   * @param aliases where the rows of a model are in tables of other names: from these to that of the model.
   */
  static async open(client: string, sql: string, aliases: Aliases = {}): Promise<Twins> {
    return new Twins(await openSide(client, sql, aliases), await openSide(client, sql, aliases));
  }

  /** For statements before a case. */
  get pools(): readonly Pool[] {
    return [this.#plain.pool, this.#ours.pool];
  }

  /** Of the two databases. */
  get urls(): readonly string[] {
    return [this.#plain.url, this.#ours.url];
  }

  /** What differs between the two, and between what happened and what events say. Empty when all is well. */
  async differences(one: TwinCase, callers?: Callers): Promise<readonly string[]> {
    const { rows, call, captured } = one;
    const models = this.#modelsNear([...captured, ...(one.others ?? [])], call().model);
    await Promise.all([this.#plain, this.#ours].map((side) => fill(side, models, rows)));
    const before = await readTables(this.#ours, models);
    const filled = await this.#ours.log.contents(models);
    const plain = await outcomeOf(() => run(callers?.plain ?? this.#plain.base, one));
    const ours = await outcomeOf(() => run(this.#bus(callers?.ours ?? this.#ours.base, captured), one));
    const [left, right] = await Promise.all([this.#plain, this.#ours].map(({ log }) => log.contents(models)));
    const found: string[] = [];
    const isRefused = one.mayBeRefused === true && REFUSAL.test(ours);
    if (/^[[{]/.test(plain)) {
      this.counts.done += 1;
      if (isRefused) this.counts.refused += 1;
    }
    // Of two mistakes in one call either may be told.
    const isOtherMistake = !/^[[{]/.test(plain) && INVALID.test(ours);
    if (ours !== plain && !isRefused && !isOtherMistake) found.push(`plain: ${plain}\n ours: ${ours}`);
    const wanted = isRefused ? filled : left;
    if (right !== wanted) found.push(`expected tables: ${wanted}\n our tables: ${right}`);
    if (one.areEventsDisputed === true) return found;
    const after = await readTables(this.#ours, models);
    const witnessed = models.filter(({ name }) => captured.includes(name));
    found.push(...(await this.#untrue(witnessed, before, after)));
    return found;
  }

  /** The models that a call on a model can lead to. */
  #modelsNear(captured: readonly string[], jsName: string): readonly Model[] {
    const start = Array.from(this.models.values()).find((model) => model.jsName === jsName);
    const names = new Set([...captured, ...(start === undefined ? [] : [start.name])]);
    for (const name of names) {
      // Grows while it is read.
      for (const relation of this.models.get(name)?.relations.values() ?? []) names.add(relation.model);
    }
    return Array.from(this.models.values()).filter(({ name }) => names.has(name));
  }

  #bus(client: AnyClient, captured: readonly string[]): AnyClient {
    const known = this.#buses.get(client) ?? new Map<string, AnyClient>();
    this.#buses.set(client, known);
    const bus = known.get(captured.join()) ?? withRules(client, captured);
    known.set(captured.join(), bus);
    return bus;
  }

  /** What an event says of its own row. Nothing, where it is one of what changed through relations only. */
  #readEvent({ aggregateType, operation, aggregate, changes, initialData }: RowEvent): readonly RowChange[] {
    const model = this.models.get(aggregateType ?? "");
    const scalars = (row: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => model?.scalars.has(name)));
    const state = scalars(aggregate);
    const old = operation === "update" ? { ...state, ...scalars(initialData) } : state;
    const isOfRelations = Object.keys(changes).some((name) => model?.relations.has(name));
    const [before, after] = [comparable(old), comparable(state)];
    if (operation === "update" && isOfRelations && before === after) return [];
    return [
      {
        what: `${aggregateType} ${operation} ${String(old["mark"])}`,
        before: operation === "create" ? undefined : before,
        after: operation === "delete" ? undefined : after,
      },
    ];
  }

  async #untrue(models: readonly Model[], before: Tables, after: Tables): Promise<readonly string[]> {
    const disputed = await this.#ours.log.disputed(models);
    const isClear = ({ what }: RowChange) => !disputed.has(what.replace(/ \w+ /, " "));
    const happened = (await this.#ours.log.changes(models, before, after)).filter(isClear);
    const told = (await this.#ours.ledger.events())
      .flatMap((event) => this.#readEvent(event))
      .filter(isClear);
    const isTold = (name: string) => told.some(({ what }) => what === name);
    const expected = happened.map((one) =>
      one.or !== undefined && isTold(one.or) ? { ...one, what: one.or } : one,
    );
    const found: string[] = [];
    const names = (some: readonly { readonly what: string }[]) => some.map(({ what }) => what).sort();
    const [wanted, got] = [names(expected), names(told)];
    if (wanted.join() !== got.join()) return [`happened: ${wanted.join(", ")}\n told: ${got.join(", ")}`];
    for (const change of expected) {
      const event = told.find(({ what }) => what === change.what);
      for (const when of ["before", "after"] as const) {
        const [is, said] = [change[when], event?.[when]];
        if (is !== undefined && is !== said) found.push(`${change.what}: ${when} was ${is}\n told: ${said}`);
      }
    }
    return found;
  }
}

/** Fails with all that there is to know about a case, and about what was done before it. */
export async function expectSame(twins: Twins, one: TwinCase, callers?: Callers, before = ""): Promise<void> {
  const found = await twins.differences(one, callers);
  if (found.length > 0) throw new Error([before, one.rows, describeCase(one), ...found].join("\n"));
}

/** The call of a case, as code. */
export function describeCase({ call, captured, inTransaction, setting }: TwinCase): string {
  const where =
    inTransaction === true ? ` in a transaction${setting === undefined ? "" : ` with ${setting}`}` : "";
  return `${show(call())}${where}, rules for ${captured.join(", ")}`;
}

async function run(client: AnyClient, { call, inTransaction, setting }: TwinCase): Promise<unknown> {
  if (inTransaction !== true) return make(client, call());
  return client.$transaction(async (tx) => {
    if (setting !== undefined) await tx.$queryRawUnsafe(setting);
    return make(tx, call());
  });
}

async function openSide(client: string, sql: string, aliases: Aliases): Promise<Side> {
  const { pool, url } = await testDatabase();
  // Without the tables of this project's own schema.
  await pool.query(`drop schema public cascade; create schema public; ${sql}`);
  const base = await openGenerated(client, url);
  return { url, pool, base, log: await RowLog.install(pool, aliases), ledger: new Ledger(pool) };
}

async function fill({ pool, log, ledger }: Side, models: readonly Model[], rows: string): Promise<void> {
  await log.empty(models);
  await pool.query(rows);
  await log.clear();
  await ledger.forgetEvents();
}

async function readTables({ base, log }: Side, models: readonly Model[]): Promise<Tables> {
  const tables = models.map(async (model) => {
    const marks = await log.marks(model);
    return [model.name, await readRows(base, model, marks)] as const;
  });
  return new Map(await Promise.all(tables));
}
