/** Throw-away disks: a qcow2 overlay that takes every write, over an image that is never written to. */
import { join } from 'node:path';
import { asBuildUser, type BuildUser } from '../../host/build-user.ts';
import { runCommand } from '../../host/command.ts';
import type { VmSpec } from '../hypervisor.ts';

/** Gives the same machine with an overlay in its work folder as the disk. */
export async function createOverlay(spec: VmSpec, user: BuildUser, signal: AbortSignal): Promise<VmSpec> {
  const path = join(spec.workDir, `${spec.name}-overlay.qcow2`);
  await runCommand(
    asBuildUser(user, [
      'qemu-img',
      'create',
      '-q',
      ...['-f', 'qcow2'],
      ...['-b', spec.disk.path, '-F', spec.disk.format],
      path,
    ]),
    { signal },
  );
  const { path: top, format, below } = spec.disk;
  const isLayer = below !== undefined && (format === 'raw' || format === 'qcow2');
  return {
    ...spec,
    disk: {
      ...{ path, format: 'qcow2', ephemeral: false },
      ...(isLayer ? { below: [...below, { path: top, format }] } : {}),
    },
  };
}
