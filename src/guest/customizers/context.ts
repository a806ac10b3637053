/** What every customizer and validator works with, and how they fail. */
import { GoldsmithError } from '../../model/errors.ts';
import type { Customizer, Validator } from '../../model/image-template.ts';
import type { Artifact, Artifacts } from '../artifacts/fetch-artifacts.ts';
import { redactText, redactUri } from '../artifacts/redact.ts';
import type { GuestShell } from '../guest-shell.ts';
import type { LineSink, OutputBudget } from '../output/guest-log.ts';

/** Customizers change the build VM; validators judge a VM made from the image, with the same kinds. */
export type PartRole = 'customizer' | 'validator';

export interface PartContext {
  readonly role: PartRole;
  /** Position in its list, from 0. */
  readonly index: number;
  readonly shell: GuestShell;
  readonly artifacts: Artifacts;
  readonly onLine: LineSink;
  /** Shared by the whole run. */
  readonly budget: OutputBudget;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

export interface Failure {
  /** What happened, as the end of a sentence: `ended with exit code 2`. */
  readonly what: string;
  readonly lastLines?: readonly string[];
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** `customizer 2 (Shell "install")`, counted as people count. */
export function partTitle(part: Customizer | Validator, role: PartRole, index: number): string {
  return `${role} ${index + 1} (${part.type}${part.name === undefined ? '' : ` "${part.name}"`})`;
}

/** `CustomizerFailed` or `ValidationFailed` that says which one, why, and what it printed last. */
export function partFailed(
  part: Customizer | Validator,
  context: PartContext,
  failure: Failure,
): GoldsmithError {
  const { role, index } = context;
  const path =
    role === 'customizer'
      ? `$.properties.customize[${index}]`
      : `$.properties.validate.inVMValidations[${index}]`;
  const title = partTitle(part, role, index);
  const sentence = `${title.charAt(0).toUpperCase()}${title.slice(1)} ${failure.what}`;
  const tail = (failure.lastLines ?? []).map((line) => redactText(line)).join('\n');
  const message = tail === '' ? sentence : `${sentence}. Its last output was:\n${tail}`;
  const code = role === 'customizer' ? 'CustomizerFailed' : 'ValidationFailed';
  return new GoldsmithError(code, message, {
    details: [{ code, target: path, message }],
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure.cause === undefined ? {} : { cause: failure.cause }),
  });
}

/** The fetched file of `uri`. */
export function artifactOf(uri: string, artifacts: Artifacts): Artifact {
  const artifact = artifacts.get(uri);
  if (artifact === undefined)
    throw new GoldsmithError('Internal', `${redactUri(uri)} was not fetched before the build`);
  return artifact;
}
