/** Transactions that are repeated when the database asks for it. */
import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';
import { runInTransaction } from './transaction-scope.ts';

const MAX_ATTEMPTS = 20;
const MAX_PAUSE_MS = 200;
/** serialization_failure and deadlock_detected (PostgreSQL documentation, appendix A). */
const repeatable = new Set(['40001', '40P01']);

/**
 * Runs `work` as one serializable transaction: it sees nothing of others that run beside it, and commits only when
 * one after the other would have given the same.
 * @throws what `work` or the database threw, after nothing has been changed.
 */
export async function inTransaction<T>(
  db: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db
        .transaction()
        .setIsolationLevel('serializable')
        .execute(async (transaction) =>
          runInTransaction(
            async (sql, parameters) => transaction.executeQuery(CompiledQuery.raw(sql, [...parameters])),
            async () => work(transaction),
          ),
        );
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !mayBeRepeated(error)) throw error;
      await pause(Math.random() * Math.min(MAX_PAUSE_MS, 2 ** attempt)); // so that rivals do not meet again
    }
  }
}

function mayBeRepeated(error: unknown): boolean {
  return error instanceof Error && 'code' in error && repeatable.has(String(error.code));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
