/** Ports that remember what was asked of them, for tests of the commands. Anything not given is an error to use. */
import { duplexPair, type Duplex } from 'node:stream';
import type { DoctorReport } from '../../host/doctor/report.ts';
import type { RunRecord } from '../../model/run.ts';
import { parseTemplateDocument } from '../../arm/image-template/parse-document.ts';
import type {
  BootedMachine,
  BootRequest,
  BuildRequest,
  CacheEntry,
  CachePruneRequest,
  ImageEntry,
  ImportRequest,
  Ports,
  ServiceRequest,
  WorkerRequest,
} from '../ports.ts';
import { scriptedEvents, scriptedRecord } from './scripted-run.ts';

export interface FakePorts extends Ports {
  readonly asked: {
    readonly builds: BuildRequest[];
    readonly boots: BootRequest[];
    readonly imports: ImportRequest[];
    readonly cleans: { all: boolean; dryRun: boolean }[];
    readonly prunes: CachePruneRequest[];
    readonly commands: string[];
    readonly services: ServiceRequest[];
    readonly workers: WorkerRequest[];
    reaps: number;
    installs: number;
    machinesEnded: number;
  };
}

export interface FakeWorld {
  readonly record?: RunRecord;
  readonly buildError?: Error;
  readonly runs?: readonly RunRecord[];
  readonly images?: readonly ImageEntry[];
  readonly checkpoints?: readonly CacheEntry[];
  readonly reports?: readonly DoctorReport[];
  readonly templatePath?: string;
  /** What the web server in a booted machine answers. */
  readonly webAnswer?: string;
  readonly commandExitCode?: number;
  /** What reaping finds. */
  readonly abandoned?: string;
  readonly serviceAnswers?: boolean;
}

export const readyReport: DoctorReport = {
  ready: true,
  items: [{ id: 'node', title: 'Node.js', state: 'ok', found: '24' }],
  system: 'Debian',
  canInstall: true,
};

export function fakePorts(world: FakeWorld = {}): FakePorts {
  const asked: FakePorts['asked'] = {
    builds: [],
    boots: [],
    imports: [],
    cleans: [],
    prunes: [],
    commands: [],
    services: [],
    workers: [],
    reaps: 0,
    installs: 0,
    machinesEnded: 0,
  };
  const record = world.record ?? scriptedRecord();
  const reports = world.reports ?? [readyReport];
  const machine = (): BootedMachine => fakeMachine(asked, world);
  return {
    asked,
    templates: {
      parse: async (text, wishes) => {
        const parsed = parseTemplateDocument(text, wishes);
        return parsed.ok ? { valid: true, ...parsed } : { valid: false, ...parsed };
      },
    },
    builds: {
      run: async (request, sink) => {
        asked.builds.push(request);
        if (world.buildError !== undefined) throw world.buildError;
        scriptedEvents(record).forEach(sink);
        return record;
      },
    },
    machines: {
      boot: async (request) => {
        asked.boots.push(request);
        return machine();
      },
      bootConsole: async (request) => {
        asked.boots.push(request);
        return { ...machine(), console: greeting('login: ') };
      },
      openKept: async () => machine(),
      openCheckpoint: async () => machine(),
    },
    images: {
      list: async () => world.images ?? [],
      show: async () => imageEntry,
      remove: async () => 1024,
      import: async (request) => {
        asked.imports.push(request);
        return { image: imageEntry, format: 'raw', generationBecause: 'it has an EFI system partition' };
      },
    },
    host: {
      check: async () => reports[Math.min(asked.installs, reports.length - 1)] ?? readyReport,
      install: async (_report, say) => {
        asked.installs += 1;
        say('Installing passt...');
      },
    },
    runs: { list: async () => world.runs ?? [record], find: async () => record },
    cleaning: {
      reap: async (say) => {
        asked.reaps += 1;
        if (world.abandoned !== undefined) say(world.abandoned);
      },
      clean: async (options) => {
        asked.cleans.push(options);
        return [{ what: 'run', path: '/runs/1', freedBytes: 2048 }];
      },
      removeRun: async () => 1024,
    },
    cache: {
      list: async () => ({ limitBytes: 10_240, entries: world.checkpoints ?? [] }),
      why: async ({ template }) => ({
        startsFrom: 'Boot',
        startsFromAt: '2026-01-01T00:00:00.000Z',
        customizers: template.customize.map((part) => ({
          name: part.name ?? part.type,
          runs: 'changed since it was kept: script',
          keptAt: undefined,
        })),
      }),
      prune: async (request) => {
        asked.prunes.push(request);
        return (world.checkpoints ?? []).map((entry) => ({ ...entry, reason: 'space' }));
      },
    },
    service: {
      start: async (request) => {
        asked.services.push(request);
        return {
          ...serviceFacts,
          dataFolder: request.dataFolder ?? '/home/service',
          [Symbol.asyncDispose]: async () => undefined,
        };
      },
      environment: async () => ({
        ...serviceFacts,
        clientSecret: 'secret',
        variables: { AZURE_CONFIG_DIR: '/home/service/azure-cli' },
        commands: ['az login'],
        lines: ['export AZURE_CONFIG_DIR=/home/service/azure-cli', 'az login'],
        isAnswering: world.serviceAnswers !== false,
        hasAzureCli: true,
      }),
    },
    workers: {
      start: async (request) => {
        asked.workers.push(request);
        return { [Symbol.asyncDispose]: async () => undefined };
      },
    },
    demo: { templatePath: world.templatePath ?? '/nowhere' },
  };
}

const serviceFacts = {
  url: 'https://localhost:8443',
  tenantId: 'tenant',
  subscriptionId: 'subscription',
  subscriptionName: 'Goldsmith',
  clientId: 'client',
  authorityFile: '/home/service/tls/ca.pem',
};

export const imageEntry: ImageEntry = {
  reference: 'Debian:debian-12:12-gen2:0.20261121.0',
  kind: 'PlatformImage',
  path: '/images/disk.raw',
  osType: 'Linux',
  generation: 'V2',
  architecture: 'x64',
  virtualSizeBytes: 4096,
  allocatedSizeBytes: 1024,
  digest: 'gs1-sha256:00',
  createdAt: '2026-11-21T10:00:00.000Z',
};

function fakeMachine(asked: FakePorts['asked'], world: FakeWorld): BootedMachine {
  const connections: Duplex[] = [];
  return {
    title: 'nginx.vhd',
    openShell: async () => ({ stream: greeting('$ '), resize: () => undefined }),
    run: async (command, onOutput) => {
      asked.commands.push(command);
      onOutput('out', Buffer.from('to stdout\n'));
      onOutput('err', Buffer.from('to stderr\n'));
      return world.commandExitCode ?? 0;
    },
    dial: async () => {
      const [ours, guest] = duplexPair();
      connections.push(ours);
      guest.once('data', () => setImmediate(() => guest.end(world.webAnswer ?? '')));
      return ours;
    },
    [Symbol.asyncDispose]: async () => {
      asked.machinesEnded += 1;
      for (const connection of connections) connection.destroy(); // as when a real machine goes
    },
  };
}

/** A guest that says `text` and hangs up. */
function greeting(text: string): Duplex {
  const [ours, guest] = duplexPair();
  guest.end(text);
  return ours;
}
