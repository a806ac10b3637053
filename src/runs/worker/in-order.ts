/** A view of staging groups whose changes happen in the order in which they were asked for. */
import type { StagingView } from '../run-ports.ts';

/** Calls one after the other, so that nothing is shown after it was hidden. */
export function inOrder(view: StagingView): StagingView {
  let last: Promise<unknown> = Promise.resolve();
  const after = async (act: () => Promise<void>): Promise<void> => {
    const turn = last.then(act, act);
    last = turn;
    return turn;
  };
  return {
    show: async (machine) => after(async () => view.show(machine)),
    hide: async (run) => after(async () => view.hide(run)),
  };
}
