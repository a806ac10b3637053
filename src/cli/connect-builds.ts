/** The `Builds` port on the engine. */
import { dirname } from 'node:path';
import { DEFAULT_BOOT_TIMEOUT_MS } from '../build/build-options.ts';
import { runBuild } from '../build/run-build.ts';
import type { Home } from '../host/home.ts';
import { openBuildHost } from './connect-build-host.ts';
import type { Builds } from './ports.ts';
import { runStep } from './run-step.ts';

export function connectBuilds(home: () => Home): Builds {
  return {
    run: async (request, sink, signal) => {
      const place = home();
      using host = await runStep(sink, 'host', 'Check this machine', signal, async () =>
        openBuildHost(place, signal),
      );
      const { template, templateName, templatePath, outputFolder, copies, keepOnError, reuse } = request;
      return await runBuild(
        {
          ...{ template, templateName, outputFolder, copies, keepOnError, reuse },
          templateFolder: templatePath === '-' ? undefined : dirname(templatePath),
          bootTimeoutMs: DEFAULT_BOOT_TIMEOUT_MS,
        },
        host,
        sink,
        signal,
      );
    },
  };
}
