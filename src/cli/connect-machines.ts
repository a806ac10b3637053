/** The `Machines` port: images booted for a person, and machines that failed builds kept. */
import { basename, isAbsolute, join } from 'node:path';
import { existsSync } from 'node:fs';
import { thawMachine } from '../build/kept-machine.ts';
import { runFolder } from '../build/run-folder.ts';
import { detectGeneration } from '../disk/partition-table/detect-generation.ts';
import { importToRaw } from '../disk/untrusted/import-to-raw.ts';
import type { GuestShell } from '../guest/guest-shell.ts';
import { giveToBuildUser } from '../host/build-user.ts';
import type { Home } from '../host/home.ts';
import type { BuildEventSink } from '../model/run.ts';
import { openBuildHost, type OpenBuildHost } from './connect-build-host.ts';
import type { BootRequest, Machine, Machines } from './ports.ts';
import { runStep, type StepReport } from './run-step.ts';
import { openScratchFolder, type ScratchFolder } from './scratch-folder.ts';
import { startMachine, type BootDisk, type StartedMachine } from './start-machine.ts';

export function connectMachines(home: () => Home): Machines {
  return {
    boot: async (request, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const started = await boot(owned, home(), request, sink, signal);
      const shell = await runStep(sink, 'login', 'Wait for the login', signal, async (report) => {
        const stop = started.vm.console.onLine((line) => report.output(line));
        try {
          return await started.logIn(signal);
        } finally {
          stop();
        }
      });
      owned.use(shell);
      const stack = owned.move();
      return {
        ...machineOf(titleOf(request.image), shell),
        dial: async (port, caller) => started.dial(port, caller),
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
    bootConsole: async (request, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const started = await boot(owned, home(), request, sink, signal);
      const stack = owned.move();
      return {
        title: titleOf(request.image),
        console: started.vm.console.stream,
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
    openKept: async (runId, sink, signal) => {
      await using owned = new AsyncDisposableStack();
      const { host, scratch } = await open(owned, home(), sink, signal);
      const session = await runStep(sink, 'thaw', 'Wake the kept machine', signal, async () =>
        thawMachine(
          {
            folder: runFolder(host.home, runId),
            hypervisor: host.createHypervisor(scratch.onProcess),
            user: host.user,
            workDir: scratch.workDir,
          },
          signal,
        ),
      );
      owned.use(session);
      const stack = owned.move();
      return {
        ...machineOf(`the build VM of run ${runId}`, session.shell),
        [Symbol.asyncDispose]: async () => stack.disposeAsync(),
      };
    },
  };
}

/** What a machine needs of this host, owned by the caller's stack. */
async function open(
  owned: AsyncDisposableStack,
  home: Home,
  sink: BuildEventSink,
  signal: AbortSignal,
): Promise<{ host: OpenBuildHost; scratch: ScratchFolder }> {
  const host = owned.use(
    await runStep(sink, 'host', 'Check this machine', signal, async () => openBuildHost(home, signal)),
  );
  return { host, scratch: owned.use(openScratchFolder(home, host.user)) };
}

async function boot(
  owned: AsyncDisposableStack,
  home: Home,
  request: BootRequest,
  sink: BuildEventSink,
  signal: AbortSignal,
): Promise<StartedMachine> {
  const { host, scratch } = await open(owned, home, sink, signal);
  const title = titleOf(request.image);
  const disk = await runStep(sink, 'disk', `Prepare ${title}`, signal, async (report) =>
    isAbsolute(request.image) && existsSync(request.image)
      ? fileDisk(host, scratch, request, report, signal)
      : storeDisk(host, request.image),
  );
  return owned.use(
    await runStep(sink, 'start', `Start a new VM from ${title}`, signal, async () =>
      startMachine(host, scratch, disk, request, signal),
    ),
  );
}

/** A file may be anybody's: it is checked and copied, and the machine writes into the copy. */
async function fileDisk(
  host: OpenBuildHost,
  scratch: ScratchFolder,
  request: BootRequest,
  report: StepReport,
  signal: AbortSignal,
): Promise<BootDisk> {
  const path = join(scratch.workDir, 'os.raw');
  const { sizeBytes } = await importToRaw(request.image, path, {
    signal,
    buildUser: host.user,
    onProgress: (done, total) => report.progress(basename(request.image), done, total),
  });
  const { generation, because } = await detectGeneration(path, sizeBytes);
  report.output(`Generation ${generation}: ${because}`);
  giveToBuildUser(host.user, path);
  return { disk: { path, format: 'raw', ephemeral: false }, generation, provisioning: request.provisioning };
}

async function storeDisk(host: OpenBuildHost, reference: string): Promise<BootDisk> {
  const { path, generation, provisioning } = await host.store.open(host.store.find(reference));
  return { disk: { path, format: 'raw', ephemeral: true }, generation, provisioning };
}

function machineOf(title: string, shell: GuestShell): Omit<Machine, keyof AsyncDisposable> {
  return {
    title,
    openShell: async (size, term) => shell.openTerminal(size, term),
    run: async (command, onOutput, signal) => (await shell.exec(command, { onOutput, signal })).exitCode,
  };
}

function titleOf(image: string): string {
  return isAbsolute(image) && existsSync(image) ? basename(image) : image;
}
