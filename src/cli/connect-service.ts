/** The `Service` port on the server room. */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { destination, pino } from 'pino';
import type { Home } from '../host/home.ts';
import { findProgram } from '../host/program-path.ts';
import { GoldsmithError } from '../model/errors.ts';
import { findLocation, locations } from '../providers/arm/locations.ts';
import { clientEnvironment, shellLines } from '../server/client-environment.ts';
import { startService } from '../server/compose.ts';
import { executorCommand } from './executor-command.ts';
import type { Service } from './ports.ts';

/** A service on this machine answers this at once, or it is not there. */
const answerWithinMs = 3_000;

export function connectService(home: () => Home, env: Readonly<Record<string, string | undefined>>): Service {
  const folderOf = (dataFolder: string | undefined): string => dataFolder ?? join(home().root, 'service');
  return {
    start: async (request) => {
      const { location } = request;
      if (location !== undefined && findLocation(location) === undefined) {
        const names = locations.map(({ name }) => name).join(', ');
        throw new GoldsmithError('BadUsage', `There is no region '${location}'`, {
          hint: `Take one of ${names}.`,
        });
      }
      const log = pino({ level: env['GOLDSMITH_LOG_LEVEL'] ?? 'warn' }, destination({ dest: 2, sync: true }));
      const dataFolder = folderOf(request.dataFolder);
      const service = await startService({
        ...request,
        home: home(),
        dataFolder,
        blobsKey: env['AZURE_STORAGE_KEY'],
        executor: executorCommand,
        log,
        now: () => new Date(),
      });
      const { url, tenantId, subscriptionId, subscriptionName } = service.endpoint;
      return {
        ...{ url, tenantId, subscriptionId, subscriptionName, dataFolder },
        clientId: service.credentials.clientId,
        authorityFile: service.tls.files.authority,
        [Symbol.asyncDispose]: async () => service[Symbol.asyncDispose](),
      };
    },
    environment: async (wanted, signal) => {
      const environment = clientEnvironment(folderOf(wanted));
      const answers = await isAnswering(environment.url, environment.authorityFile, signal);
      return {
        ...environment,
        lines: shellLines(environment),
        isAnswering: answers,
        hasAzureCli: findProgram('az') !== undefined,
      };
    },
  };
}

async function isAnswering(url: string, authorityFile: string, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
  const options = { ca: readFileSync(authorityFile), signal: limit, agent: false };
  return new Promise((resolve) => {
    get(new URL('/healthz', url), options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200)).on('error', () => resolve(false));
    }).on('error', () => resolve(false));
  });
}
