/** Connects every port to the room that provides it, loading the room when the port is first used. */
import { join } from 'node:path';
import { openHome, type Home } from '../host/home.ts';
import type { Ports } from './ports.ts';

/** @param projectRoot folder of the checkout or package, for the example that the demo builds. */
export function connectPorts(projectRoot: string): Ports {
  let opened: Home | undefined;
  const home = (): Home => (opened ??= openHome());
  return {
    templates: {
      parse: async (...args) =>
        (await import('./connect-templates.ts')).connectTemplates(home).parse(...args),
    },
    images: {
      list: async () => (await connectImages()).list(),
      show: async (...args) => (await connectImages()).show(...args),
      remove: async (...args) => (await connectImages()).remove(...args),
      import: async (...args) => (await connectImages()).import(...args),
    },
    host: {
      check: async (...args) => (await connectHost()).check(...args),
      install: async (...args) => (await connectHost()).install(...args),
    },
    runs: {
      list: async () => (await connectRuns()).list(),
      find: async (...args) => (await connectRuns()).find(...args),
    },
    cleaning: {
      reap: async (...args) => (await connectCleaning()).reap(...args),
      clean: async (...args) => (await connectCleaning()).clean(...args),
      removeRun: async (...args) => (await connectCleaning()).removeRun(...args),
    },
    cache: {
      list: async () => (await connectCache()).list(),
      prune: async (...args) => (await connectCache()).prune(...args),
      why: async (...args) => (await connectCache()).why(...args),
    },
    builds: {
      run: async (...args) => (await import('./connect-builds.ts')).connectBuilds(home).run(...args),
    },
    machines: {
      boot: async (...args) => (await connectMachines()).boot(...args),
      bootConsole: async (...args) => (await connectMachines()).bootConsole(...args),
      openKept: async (...args) => (await connectMachines()).openKept(...args),
      openCheckpoint: async (...args) => (await connectMachines()).openCheckpoint(...args),
    },
    service: {
      start: async (...args) => (await connectService()).start(...args),
      environment: async (...args) => (await connectService()).environment(...args),
    },
    workers: {
      start: async (...args) =>
        (await import('./connect-worker.ts')).connectWorkers(home, process.env).start(...args),
    },
    demo: { templatePath: join(projectRoot, 'examples', 'nginx-vhd.json') },
  };

  async function connectCleaning() {
    return (await import('./connect-cleaning.ts')).connectCleaning(home);
  }
  async function connectCache() {
    return (await import('./connect-cache.ts')).connectCache(home, process.env);
  }
  async function connectImages() {
    return (await import('./connect-images.ts')).connectImages(home);
  }
  async function connectHost() {
    return (await import('./connect-host.ts')).connectHost(home);
  }
  async function connectMachines() {
    return (await import('./connect-machines.ts')).connectMachines(home);
  }
  async function connectService() {
    return (await import('./connect-service.ts')).connectService(home, process.env);
  }
  async function connectRuns() {
    return (await import('./connect-runs.ts')).connectRuns(home);
  }
}
