/** The registry of customizer kinds, which are the validators' too: one place that the compiler keeps complete. */
import type { Customizer } from '../../model/image-template.ts';
import type { PartContext } from './context.ts';
import { putFile } from './file/file.ts';
import { runShell } from './shell/shell.ts';
import { refuseWindowsPart } from './windows-only.ts';

/** Everything about a kind that others need to know. */
export interface CustomizerKind {
  /** The guest it works in. */
  readonly osType: 'Linux' | 'Windows';
  /** Packer's name of the provisioner, as Azure's customization.log shows it (reference 1.6, 2.3). */
  readonly provisioner: string;
  /** What a Linux template should use instead, for kinds that need Windows. */
  readonly onLinux?: string;
}

export const customizerKinds: Readonly<Record<Customizer['type'], CustomizerKind>> = {
  Shell: { osType: 'Linux', provisioner: 'shell' },
  File: { osType: 'Linux', provisioner: 'file' },
  PowerShell: { osType: 'Windows', provisioner: 'powershell', onLinux: 'use a Shell customizer' },
  WindowsRestart: {
    osType: 'Windows',
    provisioner: 'windows-restart',
    onLinux: 'a Linux build VM cannot be restarted between customizers: remove it',
  },
  WindowsUpdate: {
    osType: 'Windows',
    provisioner: 'windows-update',
    onLinux: 'use a Shell customizer that runs the package manager',
  },
};

/**
 * Runs one customizer, or one validator, to its end.
 * @throws GoldsmithError `CustomizerFailed` (or `ValidationFailed` in the role of a validator), `Cancelled`,
 *   `BadTemplate` for a kind that needs a Windows guest.
 */
export async function runCustomizer(part: Customizer, context: PartContext): Promise<void> {
  switch (part.type) {
    case 'Shell':
      await runShell(part, context);
      break;
    case 'File':
      await putFile(part, context);
      break;
    case 'PowerShell':
    case 'WindowsRestart':
    case 'WindowsUpdate':
      refuseWindowsPart(part, context);
      break;
    default:
      part satisfies never;
  }
}
