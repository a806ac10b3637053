/** What `./goldsmith build` may use of earlier builds, as options and as the engine's policy. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ReusePolicy } from '../../build/build-options.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { Customizer } from '../../model/image-template.ts';
import { parseAge } from '../../model/parse-age.ts';

export interface ReuseOptions {
  readonly fresh?: boolean;
  /** Milliseconds. */
  readonly maxAge?: number;
  readonly rerun?: string;
  readonly resume?: boolean;
}

/** Results of customizers are used for a day: then there may be newer packages. */
export const DEFAULT_MAX_STEP_AGE_MS = 24 * 3_600_000;

export function addReuseOptions(command: Command): void {
  command
    .option('--fresh', 'start from the source image and run everything, whatever is kept of earlier builds')
    .addOption(
      new Option(
        '--max-age <time>',
        'use results of customizers that are at most so old, for example 2h or 7d; 0 runs every customizer (default: 24h)',
      ).argParser(ageOption),
    )
    .option(
      '--rerun <customizer>',
      'run the customizer of this name (or number, from 1) again, and all that follow it',
    )
    .option(
      '--resume',
      'go on where the last run of the template ended: from the last checkpoint that fits, however old it is, without what that run has published already',
    );
}

/** @throws GoldsmithError `BadUsage` for options that contradict each other and for a customizer that is not there. */
export function reusePolicy(options: ReuseOptions, customizers: readonly Customizer[]): ReusePolicy {
  const { fresh = false, resume = false, rerun, maxAge } = options;
  if (fresh && (resume || rerun !== undefined || maxAge !== undefined)) {
    throw new GoldsmithError(
      'BadUsage',
      '--fresh uses nothing of earlier builds; leave out the other option',
    );
  }
  if (resume && maxAge !== undefined) {
    throw new GoldsmithError('BadUsage', '--resume goes on from results of any age; leave out --max-age');
  }
  return {
    fresh,
    maxStepAgeMs: fresh ? 0 : resume ? Infinity : (maxAge ?? DEFAULT_MAX_STEP_AGE_MS),
    ...(rerun === undefined ? {} : { rerunFrom: findCustomizer(rerun, customizers) }),
  };
}

/**
 * The index of a customizer from its name, or from its number, which starts at 1.
 * @throws GoldsmithError `BadUsage` when there is none, with the names that there are.
 */
export function findCustomizer(wanted: string, customizers: readonly Customizer[]): number {
  const byName = customizers.findIndex(({ name }) => name === wanted);
  if (byName >= 0) return byName;
  const number = /^\d+$/.test(wanted) ? Number(wanted) : 0;
  if (number >= 1 && number <= customizers.length) return number - 1;
  const names = customizers.map(({ name, type }, index) => `${index + 1} (${name ?? type})`);
  throw new GoldsmithError('BadUsage', `The template has no customizer "${wanted}"`, {
    hint: names.length === 0 ? 'It has none at all.' : `It has ${names.join(', ')}.`,
  });
}

function ageOption(text: string): number {
  const age = text === '0' ? 0 : parseAge(text);
  if (age === undefined) throw new InvalidArgumentError('Write it like 90m, 12h or 7d, or 0.');
  return age;
}
