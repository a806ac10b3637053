/**
 * Uses: a machine with an open shell, the fetched artifacts.
 * Produces: the effect of one customizer, or the verdict of one validator.
 * Undoes: nothing; the machine goes as a whole.
 */
import type { Artifacts } from '../../guest/artifacts/fetch-artifacts.ts';
import { partTitle, type PartRole } from '../../guest/customizers/context.ts';
import { customizerKinds, runCustomizer } from '../../guest/customizers/customizers.ts';
import type { OutputBudget } from '../../guest/output/guest-log.ts';
import type { Customizer, Validator } from '../../model/image-template.ts';
import type { GuestSession } from '../guest-session.ts';
import type { RunLog } from '../run-log.ts';
import type { Step } from '../step.ts';

export interface RunPartInput {
  readonly session: GuestSession;
  readonly artifacts: Artifacts;
  readonly budget: OutputBudget;
  readonly log: RunLog;
}

/** One customizer or validator as a step; `total` is how many its list has. */
export function runPartStep(
  part: Customizer | Validator,
  role: PartRole,
  index: number,
  total: number,
): Step<RunPartInput, void> {
  const id = `${role === 'customizer' ? 'customize' : 'validate'}[${index}]`;
  const verb = role === 'customizer' ? 'Customize' : 'Validate';
  const name = part.name === undefined ? '' : ` "${part.name}"`;
  const { provisioner } = customizerKinds[part.type];
  return {
    id,
    title: `${verb} ${index + 1}/${total}: ${part.type}${name}`,
    async run({ session, artifacts, budget, log }, context) {
      log.starting(provisioner);
      await session.watch.guard(context.signal, async (signal) =>
        runCustomizer(part, {
          role,
          index,
          shell: session.shell,
          artifacts,
          budget,
          signal,
          onLine: (stream, line) => context.output(stream, line),
          onProgress: (doneBytes, totalBytes) =>
            context.progress(partTitle(part, role, index), doneBytes, totalBytes),
        }),
      );
      log.ending(provisioner);
    },
  };
}
