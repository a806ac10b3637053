import type { Page } from '../store.ts';

const MAX_ITEMS = 1000;

/** @throws RangeError when the limit is not a whole number from 1 to 1000. */
export function pageLimit(page: Page): number {
  if (Number.isInteger(page.limit) && page.limit >= 1 && page.limit <= MAX_ITEMS) return page.limit;
  throw new RangeError(`a page has 1 to ${MAX_ITEMS} items, not ${page.limit}`);
}
