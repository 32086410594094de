/**
 * Statements that wait for an advisory lock of the transaction, however long another process has it. If a role has a `lock_timeout`,
 * it limits the statements after these, but not this wait.
 *
 * @param key an SQL expression for a text.
 */
export function waitForLock(key: string): string {
  return /* sql */ `set local lock_timeout = 0; ${lockFor(key)} set local lock_timeout to default;`;
}

/** The same with the `lock_timeout` of the role. */
export function lockFor(key: string): string {
  return /* sql */ `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${key}, 0::pg_catalog.int8));`;
}
