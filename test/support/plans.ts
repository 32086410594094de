import pg from "pg";

/** What PostgreSQL's auto_explain tells of a statement that was run, also of those inside of functions. */
export interface RunPlan {
  readonly text: string;
  /** What the planner believed that it costs. */
  readonly cost: number;
  /** The planner was allowed to have it compiled. */
  readonly mayCompile: boolean;
  readonly isCompiled: boolean;
}

interface Explained {
  readonly "Query Text": string;
  readonly Plan: { readonly "Total Cost": number };
  readonly Settings?: { readonly jit?: string };
  readonly JIT?: unknown;
}

/**
 * A pool whose connections tell the plans of all that runs on them, in `plans`. Compiling is allowed unless statements
 * forbid it themselves, whatever the server's own setting is. Each connection runs `first` before anything else.
 */
export function explainingPool(url: string, plans: RunPlan[], first = ""): pg.Pool {
  const settings = {
    session_preload_libraries: "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_settings": "on",
    "auto_explain.log_level": "notice",
    jit: "on",
  };
  const connection = new URL(url);
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  connection.searchParams.set("options", options.join(" "));
  const pool = new pg.Pool({
    connectionString: connection.href,
    application_name: "test",
    onConnect: async (client: pg.ClientBase) => void (await client.query(first)),
  });
  pool.on("connect", (client) =>
    client.on("notice", ({ message }) => {
      const start = message?.indexOf("plan:\n") ?? -1;
      if (message === undefined || start < 0) return;
      const found = JSON.parse(message.slice(start + "plan:\n".length)) as Explained;
      plans.push({
        text: found["Query Text"],
        cost: found.Plan["Total Cost"],
        mayCompile: found.Settings?.jit !== "off",
        isCompiled: found.JIT !== undefined,
      });
    }),
  );
  return pool;
}
