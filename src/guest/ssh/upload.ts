/** Streaming a file into the guest through `cat`: any size, no SFTP server needed, straight to its destination. */
import { posix } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UploadRefused, type GuestShell, type UploadOptions } from '../guest-shell.ts';
import { asRoot, shellCommand } from '../shell-words.ts';

/** Exit codes of the script below; outside what `cat` and shells use. */
const IS_FOLDER = 81;
const NO_PARENT = 82;
const NOT_WRITTEN = 83;

/** $1 = destination, $2 = mode. A half-written file is removed, so that a full disk has room again. */
const SCRIPT = `
[ -d "$1" ] && exit ${IS_FOLDER}
parent=\${1%/*}
[ -d "\${parent:-/}" ] || exit ${NO_PARENT}
if cat > "$1" && chmod "$2" "$1"; then exit 0; fi
[ -f "$1" ] && rm -f "$1"
exit ${NOT_WRITTEN}
`;

/** See GuestShell.upload. */
export async function uploadFile(
  shell: Pick<GuestShell, 'exec' | 'userName'>,
  source: Readable,
  options: UploadOptions,
): Promise<void> {
  const { destination, signal } = options;
  if (!posix.isAbsolute(destination) || destination.includes('\0')) {
    throw new UploadRefused(`${destination} is not an absolute path`);
  }
  const words = ['/bin/sh', '-c', SCRIPT, 'sh', destination, options.mode.toString(8)];
  const counter = byteCounter(options);
  let complaint = '';
  const failedSource = new AbortController();
  const sending = pipeline(source, counter, { signal: failedSource.signal }).catch((error: unknown) => {
    if (!failedSource.signal.aborted) throw error;
  });
  const running = shell.exec(options.asRoot ? asRoot(shell.userName, words) : shellCommand(words), {
    stdin: counter,
    signal,
    onOutput: (_, chunk) => {
      if (complaint.length < 1000) complaint += chunk.toString('utf8');
    },
  });
  try {
    const [result] = await Promise.all([
      running.finally(() => failedSource.abort()), // a guest that refused will read no more
      sending,
    ]);
    if (result.exitCode !== 0) throw refusal(destination, result.exitCode, complaint);
  } finally {
    failedSource.abort();
    source.destroy();
    await running.catch(() => undefined);
  }
}

function byteCounter(options: UploadOptions): Transform {
  const { sizeBytes, onProgress } = options;
  let doneBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      doneBytes += chunk.length;
      onProgress?.(doneBytes);
      done(null, chunk);
    },
    flush(done) {
      const wrong = sizeBytes !== undefined && sizeBytes !== doneBytes;
      done(wrong ? new Error(`the source gave ${doneBytes} bytes instead of ${sizeBytes}`) : null);
    },
  });
}

function refusal(destination: string, exitCode: number, complaint: string): UploadRefused {
  const said = complaint.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  if (exitCode === IS_FOLDER) return new UploadRefused(`${destination} is a folder in the build VM`);
  if (exitCode === NO_PARENT) {
    return new UploadRefused(
      `the folder ${posix.dirname(destination)} does not exist in the build VM (needed for ${destination})`,
    );
  }
  if (/no space left|disk quota/i.test(said)) {
    return new UploadRefused(`the disk of the build VM is full: ${destination} could not be written`);
  }
  return new UploadRefused(
    `${destination} could not be written in the build VM: ${said || `exit code ${exitCode}`}`,
  );
}
