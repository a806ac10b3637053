/**
 * What a build VM finds at its first boot: on `azure` the provisioning DVD and the platform's services,
 * on `nocloud` a seed disc.
 */
import type { BuildUser } from '../../host/build-user.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { Provisioning as ProvisioningKind } from '../../model/image.ts';
import { firstBootUserData, settingsFor } from './first-boot-settings.ts';
import type { HealthReport } from './health-report.ts';
import type { ProvisioningIdentity } from './identity.ts';
import { startMetadataService } from './metadata-service.ts';
import { buildNoCloudSeed } from './nocloud-seed.ts';
import { makeOpticalDisc } from './optical-disc.ts';
import { buildOvfEnv } from './ovf-env.ts';

export type { ProvisioningIdentity } from './identity.ts';

export interface ProvisioningOptions {
  readonly identity: ProvisioningIdentity;
  readonly user: BuildUser;
  /** Private folder of the machine; must exist and belong to the build user. Discs are made here. */
  readonly workDir: string;
  readonly signal: AbortSignal;
  /** The root file system grows into the whole disk. Default true. */
  readonly growDisk?: boolean;
  /** Told every health report. */
  readonly onHealthReport?: (report: HealthReport) => void;
}

export interface Provisioning extends AsyncDisposable {
  /** Read-only discs for the machine, in drive order. */
  readonly discs: readonly string[];
  /** TCP services for the machine's network to map. */
  readonly services: readonly { address: string; port: number; targetPort: number }[];
  /**
   * Resolves with the agent's name when the first agent reports Ready. On Azure cloud-init reports before
   * it makes users and starts SSH: it means "booted and read its metadata". Pending for ever on `nocloud`.
   */
  readonly ready: Promise<string>;
  /** Resolves when an agent reports that provisioning failed, with what it said. Pending for ever otherwise. */
  readonly failed: Promise<GoldsmithError>;
}

/**
 * What a machine that was frozen after its first boot finds when it is woken: the platform's services as they would
 * answer now. Its discs are those of its first boot.
 */
export async function resumeProvisioning(
  kind: ProvisioningKind,
  identity: ProvisioningIdentity,
): Promise<Pick<Provisioning, 'services' | keyof AsyncDisposable>> {
  if (kind === 'nocloud') return { services: [], [Symbol.asyncDispose]: async () => undefined };
  return startMetadataService({ identity, userData: '', onHealthReport: () => undefined });
}

/** Prepares the first boot in the way that the image understands. @throws GoldsmithError `CommandFailed`, `Cancelled`. */
export async function startProvisioning(
  kind: ProvisioningKind,
  options: ProvisioningOptions,
): Promise<Provisioning> {
  return kind === 'azure' ? provisionAzure(options) : provisionNoCloud(options);
}

export async function provisionAzure(options: ProvisioningOptions): Promise<Provisioning> {
  await using undo = new AsyncDisposableStack();
  const ready = Promise.withResolvers<string>();
  const failed = Promise.withResolvers<GoldsmithError>();
  const userData = firstBootUserData(options.growDisk ?? true);
  const metadata = undo.use(
    await startMetadataService({
      identity: options.identity,
      userData: '',
      onHealthReport: (report) => {
        options.onHealthReport?.(report);
        if (report.state === 'Ready') ready.resolve(report.agent);
        else if (report.subStatus === 'ProvisioningFailed') failed.resolve(provisioningFailure(report));
      },
    }),
  );
  const disc = await makeOpticalDisc(
    {
      name: 'provisioning',
      label: 'rd_rdfe_stable',
      form: 'udf',
      files: { 'ovf-env.xml': buildOvfEnv(options.identity, userData) },
    },
    options,
  );
  const stack = undo.move();
  return {
    discs: [disc],
    services: metadata.services,
    ready: ready.promise,
    failed: failed.promise,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export async function provisionNoCloud(options: ProvisioningOptions): Promise<Provisioning> {
  const disc = await makeOpticalDisc(
    {
      name: 'seed',
      label: 'cidata',
      form: 'iso9660',
      files: buildNoCloudSeed(options.identity, settingsFor(options.growDisk ?? true)),
    },
    options,
  );
  return {
    discs: [disc],
    services: [],
    ready: new Promise(() => undefined),
    failed: new Promise(() => undefined),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function provisioningFailure(report: HealthReport): GoldsmithError {
  return new GoldsmithError(
    'GuestUnreachable',
    `${report.agent} in the build VM reports that provisioning failed: ${report.description}`,
  );
}
