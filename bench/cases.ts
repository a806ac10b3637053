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
import { measureGoldsmith } from './measure-goldsmith.ts';
import { measurePacker } from './measure-packer.ts';
import type { PackerSetup } from './packer-template.ts';
import type { Measurement } from './measurement.ts';

export interface CaseResult {
  readonly case: string;
  readonly goldsmith: readonly Measurement[];
  readonly packer: readonly Measurement[];
}

const GUEST_USER = 'bench';

/**
 * `cold`: the base image is on the machine, nothing else is. Both sides boot it, run every script and
 * write their image; they take turns so that a change of the machine's mood meets both.
 */
export async function coldCase(
  runs: number,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<CaseResult> {
  const folder = await mkdtemp(join(tmpdir(), 'goldsmith-bench-'));
  try {
    const setup = await packerSetup(folder, signal);
    const goldsmith: Measurement[] = [];
    const packer: Measurement[] = [];
    for (let run = 1; run <= runs; run++) {
      say(`cold ${run}/${runs}: Goldsmith`);
      goldsmith.push(await measureGoldsmith(join(folder, 'out'), signal));
      say(`cold ${run}/${runs}: Packer`);
      packer.push(await measurePacker(setup, signal));
    }
    return { case: 'cold', goldsmith, packer };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

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
  const parsed = parseTemplateDocument(await readFile(join(import.meta.dirname, 'template.json'), 'utf8'));
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
