import type { PgQueryable } from "./executor.js";
import { type SchemaNames, withSchemas } from "./schema-names.js";

/** A function of our schema as the catalog has it. */
interface StoredFunction {
  readonly oid: string;
  /** Its name and the types of its arguments, schemas included. */
  readonly signature: string;
  readonly name: string;
  /** The version of its row, which changes when the function is replaced. */
  readonly rowVersion: string;
  /** What others than its owner may do, as statements for a function `%s`. */
  readonly grants: readonly string[];
}

// Names are read while only pg_catalog is looked at, so that a signature has all schemas.
const STORED = /* sql */ `
select p.oid::text, p.oid::regprocedure::text as signature, p.proname::text as name, p.xmin::text || p.ctid::text as "rowVersion",
       array(select pg_catalog.format('grant execute on function %%s to %s%s',
                      case when a.grantee = 0::oid then 'public' else a.grantee::regrole::text end,
                      case when a.is_grantable then ' with grant option' else '' end)
               from pg_catalog.aclexplode(p.proacl) a where a.grantee <> p.proowner) as grants
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname = :BUS_TEXT order by 2`;

async function storedFunctions(client: PgQueryable, names: SchemaNames): Promise<readonly StoredFunction[]> {
  const { rows } = await client.query(withSchemas(STORED, names));
  return rows as readonly StoredFunction[];
}

/**
 * Has the schema hold these functions, and of those that an earlier version has made no others. One whose arguments and
 * result are the same as before is replaced where it stands; else it is made anew, and who may call it stays so, too.
 * Nobody may call one that was not there.
 *
 * @param client is in a transaction in which only `pg_catalog` is looked at.
 * @param made the signatures of the functions that were made before.
 * @returns the signatures of those that are made now.
 */
export async function replaceFunctions(
  client: PgQueryable,
  names: SchemaNames,
  functions: string,
  made: readonly string[],
): Promise<readonly string[]> {
  const before = await storedFunctions(client, names);
  const own = before.filter(({ signature }) => made.includes(signature));
  if (!(await tries(client, withSchemas(functions, names)))) await remake(client, names, functions, own);
  const after = await storedFunctions(client, names);
  const current = after.filter(
    ({ oid, rowVersion }) => !before.some((one) => one.oid === oid && one.rowVersion === rowVersion),
  );
  const signatures = new Set(current.map(({ signature }) => signature));
  for (const one of current) {
    if (before.some(({ oid }) => oid === one.oid)) continue;
    await client.query(`revoke all on function ${one.signature} from public`);
    for (const grant of former(one, own, signatures)?.grants ?? [])
      await client.query(grant.replace("%s", () => one.signature));
  }
  for (const { oid, signature } of own) {
    if (signatures.has(signature) || !after.some((one) => one.oid === oid)) continue;
    await client.query(`drop function ${signature}`);
  }
  return Array.from(signatures);
}

/** The function that another one takes the place of. */
function former(
  { signature, name }: StoredFunction,
  own: readonly StoredFunction[],
  signatures: ReadonlySet<string>,
): StoredFunction | undefined {
  const same = own.find((one) => one.signature === signature);
  const gone = own.filter((one) => one.name === name && !signatures.has(one.signature));
  return same ?? (gone.length === 1 ? gone[0] : undefined);
}

/** What PostgreSQL says where a function is there with another result, or other names of arguments. */
const INVALID_FUNCTION_DEFINITION = "42P13";

/** False: one of the functions is there in a way in which it cannot be replaced, and nothing was done. */
async function tries(client: PgQueryable, sql: string): Promise<boolean> {
  await client.query("savepoint functions");
  try {
    await client.query(sql);
    await client.query("release savepoint functions");
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== INVALID_FUNCTION_DEFINITION) throw error;
    await client.query("rollback to savepoint functions");
    return false;
  }
}

/** Name by name, so that only what cannot be replaced is dropped before: others may depend on the rest. */
async function remake(
  client: PgQueryable,
  names: SchemaNames,
  functions: string,
  own: readonly StoredFunction[],
): Promise<void> {
  for (const [name, statements] of byName(functions)) {
    const sql = withSchemas(statements, names);
    if (await tries(client, sql)) continue;
    for (const one of own) if (one.name === name) await client.query(`drop function ${one.signature}`);
    await client.query(sql);
  }
}

/** The statements that make functions, with what follows each of them, by name in the order in which these come first. */
function byName(functions: string): ReadonlyMap<string, string> {
  const statements = new Map<string, string>();
  for (const part of functions.split(/^(?=create or replace function )/m)) {
    const [, name = ""] = /^create or replace function :BUS\.(\w+)\(/.exec(part) ?? [];
    statements.set(name, (statements.get(name) ?? "") + part);
  }
  return statements;
}
