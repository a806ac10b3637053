/** What clients on this machine need to reach the service: variables, files, and the commands that log `az` in. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../host/atomic-file.ts';
import { shellWord } from '../guest/shell-words.ts';
import { GoldsmithError } from '../model/errors.ts';
import { installAzExtension } from './azure-cli-extension/install-extension.ts';
import { azureCliCloud, cloudName } from './metadata/cloud-metadata.ts';
import { openServiceFiles, readCredentials, readEndpoint } from './service-files.ts';

export interface ClientEnvironment {
  readonly url: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** PEM: the service's own authority. */
  readonly authorityFile: string;
  /** For this shell. */
  readonly variables: Readonly<Record<string, string>>;
  /** Shell lines; running them twice changes nothing. */
  readonly commands: readonly string[];
}

/**
 * Reads the data folder of a service that has been started, and writes there what `az` is pointed to.
 * @throws GoldsmithError `HostNotReady` when none was ever started on the folder.
 */
export function clientEnvironment(dataFolder: string): ClientEnvironment {
  const files = openServiceFiles(dataFolder);
  const endpoint = readEndpoint(files);
  const credentials = readCredentials(files);
  if (endpoint === undefined || credentials === undefined) {
    throw new GoldsmithError(
      'HostNotReady',
      `No service has been started with the data folder ${dataFolder}`,
      {
        hint: 'Start one with ./goldsmith serve, and leave it running.',
      },
    );
  }
  const { url, tenantId, subscriptionId, storageSuffix, location } = endpoint;
  mkdirSync(files.azureCli, { recursive: true, mode: 0o700 });
  installAzExtension(files.azureCli);
  const cloudFile = join(files.azureCli, 'goldsmith-cloud.json');
  const secretFile = join(files.azureCli, 'goldsmith-secret');
  writeFileAtomic(cloudFile, `${JSON.stringify(azureCliCloud({ origin: url, storageSuffix }), null, 2)}\n`);
  // In a file because other users of this machine can read command lines.
  writeFileAtomic(secretFile, `${credentials.clientSecret}\n`, 0o600);
  const authorityFile = join(files.tls, 'ca.pem');
  const cloud = `--name ${cloudName} --cloud-config ${shellWord(`@${cloudFile}`)} --only-show-errors`;
  return {
    ...{ url, tenantId, subscriptionId, authorityFile },
    clientId: credentials.clientId,
    clientSecret: credentials.clientSecret,
    variables: {
      AZURE_CONFIG_DIR: files.azureCli,
      REQUESTS_CA_BUNDLE: join(files.tls, 'ca-bundle.pem'),
      NODE_EXTRA_CA_CERTS: authorityFile,
      // Newer ones would ask the public cloud whether this one may be trusted.
      AZURE_CORE_INSTANCE_DISCOVERY: 'false',
      AZURE_CORE_COLLECT_TELEMETRY: 'false',
      ...(location === undefined ? {} : { AZURE_DEFAULTS_LOCATION: location }),
    },
    commands: [
      `az cloud register ${cloud} 2>/dev/null || az cloud update ${cloud}`,
      `az cloud set --name ${cloudName} --only-show-errors`,
      `az login --service-principal --username ${credentials.clientId} --password ${shellWord(`@${secretFile}`)} --tenant ${tenantId} --output none --only-show-errors`,
    ],
  };
}

/** The lines for `eval`, and for people to read. */
export function shellLines({ variables, commands }: ClientEnvironment): readonly string[] {
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  return [...exports, ...commands];
}
