import type { KNOWN_VERSIONS } from "../../log/known-versions.js";
import { type SchemaNames, withSchemas } from "../schema-names.js";

/**
 * The purpose of a statement of graphile-worker. `delete in queue` deletes jobs in named queues and unlocks the queues. It always
 * goes to the database.
 */
export type StatementKind = "take" | "delete" | "delete in queue";

/** A statement that graphile-worker sends for its jobs. */
export interface KnownStatement {
  readonly kind: StatementKind;
  /** The versions of graphile-worker that send it. */
  readonly versions: readonly (typeof KNOWN_VERSIONS)[number][];
  /** `:WORKER` stands for the escaped schema, `:LIMIT` for a number. Whitespace does not matter. */
  readonly text: string;
}

const FOUND = /* sql */ `
  select jobs.job_queue_id, jobs.priority, jobs.run_at, jobs.id
    from :WORKER._private_jobs as jobs
    where jobs.is_available = true
    and run_at <= now()
    and task_id = any($2::int[])
    and (
      jobs.job_queue_id is null
      or
      jobs.job_queue_id in (
        select id
        from :WORKER._private_job_queues as job_queues
        where job_queues.is_available = true
        for update
        skip locked
      )
    )
    order by priority asc, run_at asc
    limit :LIMIT
    for update
    skip locked`;

const LOCK = /* sql */ `,
q as (
  update :WORKER._private_job_queues as job_queues
    set
      locked_by = $1::text,
      locked_at = now()
    from j
    where job_queues.id = j.job_queue_id
)
  update :WORKER._private_jobs as jobs
    set
      attempts = jobs.attempts + 1,
      locked_by = $1::text,
      locked_at = now()
    from j
    where jobs.id = j.id
    returning *`;

/** All statements by which graphile-worker takes and deletes jobs with the options of this package. */
export const KNOWN_STATEMENTS: readonly KnownStatement[] = [
  {
    // Takes any number of jobs in 0.17, and one in 0.18.
    kind: "take",
    versions: ["0.17.3", "0.18.0"],
    text: /* sql */ `with j as (${FOUND}
)${LOCK}`,
  },
  {
    // Takes several jobs in 0.18, but only one of each named queue.
    kind: "take",
    versions: ["0.18.0"],
    text: /* sql */ `with j_raw as (${FOUND}
),
j as (
  select distinct on (job_queue_id, case when job_queue_id is null then id end)
      job_queue_id, priority, run_at, id
    from j_raw
    order by job_queue_id, case when job_queue_id is null then id end, priority asc, run_at asc
)${LOCK}`,
  },
  {
    kind: "delete",
    versions: ["0.17.3", "0.18.0"],
    text: /* sql */ `delete from :WORKER._private_jobs as jobs
where id = $1::bigint`,
  },
  {
    kind: "delete",
    versions: ["0.17.3", "0.18.0"],
    text: /* sql */ `delete from :WORKER._private_jobs as jobs
using unnest($1::bigint[]) n(n)
where id = n`,
  },
  {
    kind: "delete in queue",
    versions: ["0.17.3", "0.18.0"],
    text: /* sql */ `with j as (
delete from :WORKER._private_jobs as jobs
using unnest($1::bigint[]) n(n)
where id = n
returning *
)
update :WORKER._private_job_queues as job_queues
set locked_by = null, locked_at = null
from j
where job_queues.id = j.job_queue_id and job_queues.locked_by = $2::text;`,
  },
];

/** A known statement that was recognized. */
export interface Recognised {
  readonly statement: KnownStatement;
  /** The greatest number of jobs that it takes; 0 if it takes none. */
  readonly most: number;
}

/** Replaces all whitespace by single spaces. */
export function withSingleSpaces(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** How many texts are remembered. graphile-worker sends few different texts, each very often. */
const MOST_REMEMBERED = 100;

/**
 * Recognizes the known statements by their complete texts, for one pair of schemas. Texts that were seen before are found at once.
 *
 * @returns undefined for any other statement.
 */
export function statementRecogniser(names: SchemaNames): (text: string) => Recognised | undefined {
  const known = KNOWN_STATEMENTS.map((statement) => {
    // Split first, because the name of a schema can contain ":LIMIT".
    const [head = "", tail] = statement.text
      .split(":LIMIT")
      .map((part) => withSchemas(part, names).replace(/\s+/g, " "));
    return { statement, head, tail };
  });
  const recognise = (raw: string): Recognised | undefined => {
    const text = withSingleSpaces(raw);
    for (const { statement, head, tail } of known) {
      if (tail === undefined) {
        if (text === head) return { statement, most: 0 };
        continue;
      }
      if (text.length <= head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail))
        continue;
      const limit = text.slice(head.length, text.length - tail.length);
      if (/^[1-9][0-9]{0,8}$/.test(limit)) return { statement, most: Number(limit) };
    }
    return undefined;
  };
  // By length, because version 0.17 makes a new string each time, and comparing it with one text is faster than hashing it.
  const seen = new Map<number, { readonly text: string; readonly recognised: Recognised | undefined }[]>();
  let remembered = 0;
  return (text) => {
    const alike = seen.get(text.length) ?? [];
    for (const one of alike) if (one.text === text) return one.recognised;
    const recognised = recognise(text);
    if (remembered < MOST_REMEMBERED) {
      remembered += 1;
      seen.set(text.length, [...alike, { text, recognised }]);
    }
    return recognised;
  };
}
