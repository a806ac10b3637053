/** The cases of the benchmark: how both sides are prepared and measured in turns on the same machine. */
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTemplateDocument } from '../src/arm/image-template/parse-document.ts';
import { openBuildHost } from '../src/cli/connect-build-host.ts';
import { generateSshKeyPair } from '../src/guest/ssh/key-pair.ts';
import { openHome } from '../src/host/home.ts';
import { runCommand } from '../src/host/command.ts';
import { resolveSource } from '../src/images/resolve-source.ts';
import type { ImageTemplate } from '../src/model/image-template.ts';
import { MIB } from '../src/model/sizes.ts';
import { shapeMachine } from '../src/build/machine-shape.ts';
import { emptyCache, measureGoldsmith, type GoldsmithMeasurement } from './measure-goldsmith.ts';
import { measurePacker } from './measure-packer.ts';
import type { PackerSetup } from './packer-template.ts';
import type { Measurement } from './measurement.ts';

export interface CaseResult {
  readonly case: CaseName;
  readonly goldsmith: readonly GoldsmithMeasurement[];
  readonly packer: readonly Measurement[];
}

/** What a build can use of earlier ones: nothing, a booted machine, all but the last customizer, everything. */
export const CASES = {
  cold: 'cold, nothing cached',
  'boot-template': 'new build, boot template present, all customizers run',
  'last-changed': 'last customizer changed',
  unchanged: 'nothing changed',
  elsewhere: 'nothing changed, but the result is wanted in another place',
} as const;

export type CaseName = keyof typeof CASES;

const GUEST_USER = 'bench';

/**
 * The base image is on the machine. In each round both sides build; Packer keeps nothing between builds, so its one build of
 * the round is what every case is compared with. They take turns so that a change of the machine's mood meets both.
 */
export async function measureCases(
  cases: readonly CaseName[],
  runs: number,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly CaseResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'goldsmith-bench-'));
  try {
    const setup = await packerSetup(folder, signal);
    const packer: Measurement[] = [];
    const results = cases.map((name) => ({ case: name, goldsmith: [] as GoldsmithMeasurement[], packer }));
    for (let run = 1; run <= runs; run++) {
      await emptyCache(signal);
      // what the cases find: a kept machine, and the build that is repeated
      for (const name of ['cold', 'last-changed'] as const) {
        if (!cases.includes(name)) await build(folder, run, name, signal);
      }
      for (const result of results) {
        say(`${result.case} ${run}/${runs}: Goldsmith`);
        result.goldsmith.push(await build(folder, run, result.case, signal));
      }
      say(`${run}/${runs}: Packer`);
      packer.push(await measurePacker(setup, signal));
    }
    return results;
  } finally {
    await emptyCache(signal);
    await rm(folder, { recursive: true, force: true });
  }
}

async function build(
  folder: string,
  run: number,
  name: CaseName,
  signal: AbortSignal,
): Promise<GoldsmithMeasurement> {
  const isBefore = name === 'cold' || name === 'boot-template';
  const template = isBefore ? referencePath : await changedTemplate(folder, run);
  const options = name === 'boot-template' ? ['--max-age', '0'] : [];
  const output = join(folder, name === 'elsewhere' ? `out-${run}` : 'out');
  return measureGoldsmith(template, [...options, '--output', output], signal);
}

/** The reference template with another last customizer, one that nobody has built yet. */
async function changedTemplate(folder: string, run: number): Promise<string> {
  const path = join(folder, `changed-${run}.json`);
  const text = await readFile(referencePath, 'utf8');
  await writeFile(path, text.replace('"sudo nginx -t"', `"sudo nginx -t", "echo change ${run}"`));
  return path;
}

const referencePath = join(import.meta.dirname, 'template.json');

/** Packer gets what Goldsmith would use for the same template, read from Goldsmith itself. */
async function packerSetup(folder: string, signal: AbortSignal): Promise<Omit<PackerSetup, 'outputFolder'>> {
  const template = await referenceTemplate();
  const home = openHome();
  using host = await openBuildHost(home, signal);
  const { facts } = await resolveSource(template.source, {
    store: host.store,
    catalogue: host.catalogue,
    cacheDir: home.cache,
    signal,
  });
  const { vm } = shapeMachine(template.vmProfile, facts, home.root);
  const key = generateSshKeyPair();
  const privateKeyPath = join(folder, 'key');
  await writeFile(privateKeyPath, key.privateKey, { mode: 0o600 });
  return {
    baseImage: facts.path,
    seedDisc: await makeSeed(folder, key.publicKey, signal),
    userName: GUEST_USER,
    privateKeyPath,
    accelerator: host.accelerator,
    cpuModel: host.cpuModel,
    cpus: vm.cpus,
    memoryMib: vm.memoryBytes / MIB,
    scripts: template.customize.map((part) =>
      part.type === 'Shell' && part.script.from === 'inline' ? part.script.lines : [],
    ),
  };
}

async function referenceTemplate(): Promise<ImageTemplate> {
  const parsed = parseTemplateDocument(await readFile(referencePath, 'utf8'));
  if (!parsed.ok) throw new Error(parsed.issues.map((issue) => `${issue.path}: ${issue.message}`).join('\n'));
  return parsed.template;
}

async function makeSeed(folder: string, publicKey: string, signal: AbortSignal): Promise<string> {
  const path = join(folder, 'seed.iso');
  const user = {
    name: GUEST_USER,
    shell: '/bin/bash',
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    ssh_authorized_keys: [publicKey.trim()],
  };
  await writeFile(join(folder, 'meta-data'), 'instance-id: bench\nlocal-hostname: bench\n');
  await writeFile(join(folder, 'user-data'), `#cloud-config\n${JSON.stringify({ users: [user] })}\n`);
  await runCommand(
    ['genisoimage', '-quiet', '-R', '-J', '-V', 'CIDATA', '-o', path, 'meta-data', 'user-data'],
    {
      cwd: folder,
      signal,
    },
  );
  return path;
}
