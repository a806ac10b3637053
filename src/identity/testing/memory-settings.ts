/** Settings in memory, with the rules of the real ones, for tests that need no database. */
import type { JsonObject } from '../../model/json.ts';
import type { SettingsRepository } from '../../store/store.ts';

export function memorySettings(): SettingsRepository {
  const rows = new Map<string, JsonObject>();
  return {
    get: async (key) => rows.get(key),
    insertIfAbsent: async (key, value) => {
      const stored = rows.get(key) ?? value;
      rows.set(key, stored);
      return stored;
    },
    put: async (key, value) => void rows.set(key, value),
    list: async (prefix) =>
      [...rows].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value })),
    remove: async (key) => void rows.delete(key),
  };
}
