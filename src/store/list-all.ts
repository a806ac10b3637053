/** Walks a list to its end. */
import type { ResourceRecord } from './records.ts';
import type { ResourceFilter, ResourceRepository } from './store.ts';

const pageSize = 1000;

/** Every resource that matches, in the order of the ids, read page by page as the caller asks for more. */
export async function* listAll(
  resources: Pick<ResourceRepository, 'list'>,
  filter: ResourceFilter,
): AsyncGenerator<ResourceRecord> {
  let after: string | undefined;
  do {
    // Each page starts where the one before ended.
    const page = await resources.list(filter, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
