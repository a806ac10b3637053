/** Checks the programs and files of the table in host-needs.ts. */
import { existsSync } from 'node:fs';
import { runCommand } from '../command.ts';
import { findProgram } from '../program-path.ts';
import type { ProgramNeed } from './host-needs.ts';
import type { DoctorItem } from './report.ts';

/** The item for one need. Never fails because of what it finds. */
export async function checkProgram(need: ProgramNeed, signal: AbortSignal): Promise<DoctorItem> {
  const item = { id: `program.${need.package}`, title: `${need.package}: ${need.purpose}` };
  const remedy = { kind: 'package', package: need.package } as const;
  const absent = need.programs.filter((name) => findProgram(name) === undefined);
  if (absent.length > 0) {
    return { ...item, state: 'missing', found: `${absent.join(', ')} not found`, remedy };
  }
  if (need.anyFile !== undefined && !need.anyFile.some((file) => existsSync(file))) {
    return { ...item, state: 'missing', found: `${need.anyFile[0]} not found`, remedy };
  }
  if (need.version === undefined) return { ...item, state: 'ok', found: 'found' };
  const { atLeast } = need.version;
  const version = (await ownVersion(need, signal)) ?? (await packageVersion(need, signal));
  if (atLeast !== undefined && version !== undefined && !isAtLeast(version, atLeast)) {
    const found = `${version}; at least ${atLeast} is needed`;
    const upgrade = `This distribution's ${need.package} is too old; use a newer release of the distribution.`;
    return { ...item, state: 'missing', found, remedy: { kind: 'manual', text: upgrade } };
  }
  return { ...item, state: 'ok', found: version ?? 'found' };
}

async function ownVersion(need: ProgramNeed, signal: AbortSignal): Promise<string | undefined> {
  const program = findProgram(need.programs[0] ?? '');
  if (program === undefined) return undefined;
  const text = await outputOf([program, ...(need.version?.args ?? [])], signal);
  return versionIn(text.split('\n')[0] ?? ''); // later lines name licences and libraries
}

/** Some builds of a program do not know their version; the package manager does. */
async function packageVersion(need: ProgramNeed, signal: AbortSignal): Promise<string | undefined> {
  const query = findProgram('dpkg-query');
  if (query === undefined) return undefined;
  return versionIn(await outputOf([query, '--show', '--showformat=${Version}', need.package], signal));
}

async function outputOf(argv: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return (await runCommand(argv, { signal, timeoutMs: 20_000, okExitCodes: [0, 1] })).stdout;
  } catch (error) {
    if (signal.aborted) throw error;
    return '';
  }
}

/** The first version in a program's own words, `7.2.22` or `0.0~git20230309`; undefined when it tells none. */
export function versionIn(text: string): string | undefined {
  return /\d+(?:\.\d+)+(?:~git\d+)?|\b20\d\d_\d\d_\d\d\b/.exec(text)?.[0];
}

/** Compares dotted versions number by number. */
export function isAtLeast(version: string, atLeast: string): boolean {
  const [have, want] = [version, atLeast].map((text) => text.split('.').map(Number.parseFloat));
  for (const [index, wanted] of (want ?? []).entries()) {
    const part = have?.[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
