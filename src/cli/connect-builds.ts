/** The `Builds` port on the engine. */
import { dirname } from 'node:path';
import { DEFAULT_BOOT_TIMEOUT_MS } from '../build/build-options.ts';
import { runBuild } from '../build/run-build.ts';
import type { Home } from '../host/home.ts';
import { openBuildHost } from './connect-build-host.ts';
import type { Builds } from './ports.ts';
import type { RunRecord } from '../model/run.ts';
import { connectRuns } from './connect-runs.ts';
import { runStep } from './run-step.ts';

export function connectBuilds(home: () => Home): Builds {
  return {
    run: async (request, sink, signal) => {
      const place = home();
      using host = await runStep(sink, 'host', 'Check this machine', signal, async () =>
        openBuildHost(place, signal),
      );
      const { template, templateName, templatePath, outputFolder, copies, keepOnError, reuse } = request;
      const last = request.resume ? await lastRun(place, templateName) : undefined;
      return await runBuild(
        {
          ...{ template, templateName, outputFolder, copies, keepOnError, reuse },
          templateFolder: templatePath === '-' ? undefined : dirname(templatePath),
          bootTimeoutMs: DEFAULT_BOOT_TIMEOUT_MS,
          ...(last === undefined ? {} : { published: last.artifacts }),
        },
        host,
        sink,
        signal,
      );
    },
  };
}

/** The newest run of the template, unless it succeeded: then there is nothing to go on with. */
async function lastRun(home: Home, templateName: string): Promise<RunRecord | undefined> {
  const runs = await connectRuns(() => home).list();
  const last = runs.find((run) => run.templateName === templateName);
  return last?.state === 'Succeeded' ? undefined : last;
}
