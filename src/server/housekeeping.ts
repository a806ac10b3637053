/** Forgets what nobody will ask for any more. */
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';

const hourMs = 60 * 60 * 1000;
/** Azure forgets the status of operations after a day or so; a week is kind to people on holiday. */
const keepOperationsMs = 7 * 24 * hourMs;
const everyMs = 6 * hourMs;

/** Clears now and then until it is disposed of; a failure is logged and tried again. */
export function keepHouse(deps: {
  readonly store: Pick<Store, 'operations'>;
  readonly log: Logger;
  readonly now: () => Date;
}): Disposable {
  const clear = (): void => {
    const before = new Date(deps.now().getTime() - keepOperationsMs).toISOString();
    deps.store.operations
      .removeEndedBefore(before)
      .catch((error: unknown) => deps.log.warn({ err: error }, 'old operations could not be removed'));
  };
  const timer = setInterval(clear, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
