/** Children go with their parent. */
import type { Repositories } from '../../store/store.ts';

/** Removes every resource below `id`; for types whose children are data too. */
export async function removeBelow(repositories: Repositories, id: string): Promise<void> {
  for (;;) {
    const { items } = await repositories.resources.list({ under: id }, { limit: 500 });
    if (items.length === 0) return;
    for (const item of items) await repositories.resources.remove(item.id);
  }
}
