/** Builds the reference template with Debian's Packer and reads its phases off the time stamps it prints. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../src/host/command.ts';
import type { Measurement, Phase } from './measurement.ts';
import { packerTemplate, type PackerSetup } from './packer-template.ts';

/** What Packer says at the start of each phase, in order; a phase lasts until the next one starts. */
const marks: readonly (readonly [RegExp, string])[] = [
  [/Retrieving ISO|Trying /, 'Copy the disk'],
  [/Starting VM|Overriding default Qemu arguments/, 'Start QEMU and wait for SSH'],
  [/Connected to SSH/, 'Scripts'],
  [/Gracefully halting/, 'Deprovision and halt'],
  [/Converting hard drive/, 'Convert the disk'],
];

/** @throws when Packer's build does not succeed. */
export async function measurePacker(
  setup: Omit<PackerSetup, 'outputFolder'>,
  signal: AbortSignal,
): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'packer-bench-'));
  try {
    const template = join(folder, 'template.json');
    await writeFile(
      template,
      JSON.stringify(packerTemplate({ ...setup, outputFolder: join(folder, 'out') })),
    );
    const started = performance.now();
    const seen: { name: string; atMs: number }[] = [];
    let pending = '';
    await runCommand(['packer', 'build', '-color=false', template], {
      signal,
      env: { PACKER_CACHE_DIR: join(folder, 'cache'), PACKER_CONFIG_DIR: folder, CHECKPOINT_DISABLE: '1' },
      onOutput: (_stream, chunk) => {
        pending += chunk.toString('utf8');
        const lines = pending.split('\n');
        pending = lines.pop() ?? '';
        for (const line of lines) noteMark(seen, line, performance.now() - started);
      },
    });
    const totalMs = performance.now() - started;
    return { totalMs, phases: phasesOf(seen, totalMs) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function noteMark(seen: { name: string; atMs: number }[], line: string, atMs: number): void {
  const mark = marks.find(([pattern]) => pattern.test(line));
  if (mark !== undefined && !seen.some(({ name }) => name === mark[1])) seen.push({ name: mark[1], atMs });
}

function phasesOf(seen: readonly { name: string; atMs: number }[], totalMs: number): readonly Phase[] {
  const first = seen[0]?.atMs ?? totalMs;
  return [
    { name: 'Start of the program', durationMs: first, isUserScript: false },
    ...seen.map(({ name, atMs }, index) => ({
      name,
      durationMs: (seen[index + 1]?.atMs ?? totalMs) - atMs,
      isUserScript: name === 'Scripts',
    })),
  ];
}
