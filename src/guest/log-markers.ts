/**
 * The lines of `customization.log` and `validation.log` as Azure writes them (reference 2.3), so that what
 * people grep for there is found here: `PACKER OUT`, `PACKER ERR` and the `(telemetry)` marks.
 */
import type { OutputStream } from './guest-shell.ts';

export interface LogMarkers {
  /** A line that a script printed. */
  guestLine(stream: OutputStream, line: string): string;
  /** A line of ours, for example `Waiting for SSH to become available...`. */
  note(text: string): string;
  /** @param provisioner `shell`, `file`, `powershell`, `windows-restart` or `windows-update`. */
  starting(provisioner: string, at: Date): string;
  ending(provisioner: string, at: Date): string;
  finalizing(at: Date): string;
}

/** Markers of one run; `runId` stands where Azure puts the run's GUID. No line ends with a line feed. */
export function logMarkers(runId: string): LogMarkers {
  const out = (text: string): string => `[${runId}] PACKER OUT ${text}`;
  const telemetry = (text: string, at: Date): string =>
    `[${runId}] PACKER ERR ${packerTime(at)} [INFO] (telemetry) ${text}`;
  return {
    guestLine: (stream, line) => out(`${stream === 'err' ? '==>' : '   '} goldsmith: ${line}`),
    note: (text) => out(`==> goldsmith: ${text}`),
    starting: (provisioner, at) => telemetry(`Starting provisioner ${provisioner}`, at),
    ending: (provisioner, at) => telemetry(`ending ${provisioner}`, at),
    finalizing: (at) => telemetry('Finalizing.', at),
  };
}

/** `2026/11/21 21:50:00` in UTC. */
function packerTime(at: Date): string {
  return at.toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
}
