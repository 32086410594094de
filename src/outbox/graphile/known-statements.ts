import type { KNOWN_VERSIONS } from "../../log/known-versions.js";
import { type SchemaNames, withSchemas } from "../schema-names.js";

/**
 * What a statement of graphile-worker's does. `delete in queue` is the deletion of jobs in named queues: it unlocks the
 * queue too, and is left to the database.
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

/** Every statement with which graphile-worker takes and deletes jobs, as a worker of this package has it do so. */
export const KNOWN_STATEMENTS: readonly KnownStatement[] = [
  {
    // Any number of jobs in 0.17, one in 0.18.
    kind: "take",
    versions: ["0.17.3", "0.18.0"],
    text: /* sql */ `with j as (${FOUND}
)${LOCK}`,
  },
  {
    // Several jobs in 0.18, of which one is kept for each named queue.
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

/** A statement that was recognised. */
export interface Recognised {
  readonly statement: KnownStatement;
  /** Up to how many jobs it takes; 0 when it takes none. */
  readonly most: number;
}

/** The same text with one space where there is any whitespace. */
export function withSingleSpaces(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** graphile-worker sends few texts, and each again and again. */
const MOST_REMEMBERED = 100;

/**
 * Recognises the known statements by their whole texts, for one pair of schemas. A text that was seen before costs one
 * look-up.
 *
 * @returns undefined for any other statement.
 */
export function statementRecogniser(names: SchemaNames): (text: string) => Recognised | undefined {
  const known = KNOWN_STATEMENTS.map((statement) => {
    // Taken apart first: a schema may be called anything.
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
  // By length: version 0.17 makes each text anew, and to compare it with one text costs less than to hash it.
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
