/** Waiting for another provider to finish with a resource. */
import { once } from 'node:events';
import { resourceIdKey } from '../../../arm/resource-id.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { Store } from '../../../store/store.ts';

/** Notices of changes are best effort, so the row is looked at again after this long without one. */
const lookAgainMs = 5_000;

/** Far more than the making or removing of an empty group takes. */
const deadlineMs = 5 * 60_000;

/**
 * The record (undefined: it is not there) as soon as `accepts` does.
 * @throws the signal's reason; a TimeoutError after five minutes.
 */
export async function untilResource(
  store: Pick<Store, 'resources' | 'subscribe'>,
  id: string,
  accepts: (record: ResourceRecord | undefined) => boolean,
  signal: AbortSignal,
): Promise<ResourceRecord | undefined> {
  const key = resourceIdKey(id);
  const notices = new EventTarget();
  const stop = store.subscribe('resources', (changed) => {
    if (changed === key) notices.dispatchEvent(new Event('change'));
  });
  const bound = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  try {
    for (;;) {
      bound.throwIfAborted();
      const wait = AbortSignal.any([bound, AbortSignal.timeout(lookAgainMs)]);
      const change = once(notices, 'change', { signal: wait }).catch(() => undefined);
      const record = await store.resources.get(id);
      if (accepts(record)) return record;
      await change;
    }
  } finally {
    stop();
  }
}
