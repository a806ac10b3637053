/**
 * Knows whether the code that runs was called from inside a transaction. With one connection (PGlite) a call past
 * the transaction would wait for it for ever, and with many it would silently not belong to it: so both refuse.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface TransactionScope {
  /** False when the transaction is over: what it started and did not wait for is outside again. */
  open: boolean;
  readonly execute: (sql: string, parameters: readonly unknown[]) => Promise<{ readonly rows: unknown[] }>;
}

const current = new AsyncLocalStorage<TransactionScope>();

/** The transaction that the caller runs in. */
export function currentTransaction(): TransactionScope | undefined {
  const scope = current.getStore();
  return scope?.open === true ? scope : undefined;
}

/** @throws Error when the caller runs in a transaction. */
export function refuseInsideTransaction(): void {
  if (currentTransaction() === undefined) return;
  throw new Error('Inside a transaction use the repositories that it gives, not those of the store');
}

/** Runs `work` as the inside of a transaction. */
export async function runInTransaction<T>(
  execute: TransactionScope['execute'],
  work: () => Promise<T>,
): Promise<T> {
  const scope: TransactionScope = { open: true, execute };
  try {
    return await current.run(scope, work);
  } finally {
    scope.open = false;
  }
}

/** Runs `work` as if no transaction were open around it; for what only happens to be started from inside one. */
export function leaveTransaction<T>(work: () => T): T {
  return current.exit(work);
}
