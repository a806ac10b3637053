/** The Shell customizer and validator. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ShellCustomizer } from '../../../model/image-template.ts';
import type { ExecResult } from '../../guest-shell.ts';
import { GuestLog } from '../../output/guest-log.ts';
import { asRoot, shellCommand } from '../../shell-words.ts';
import { connectionFailureOf } from '../../ssh/connection-failure.ts';
import { artifactOf, partFailed, type PartContext } from '../context.ts';
import { hasWindowsLineEnds, interpreterOf } from './interpreter.ts';

/** How much of a script is looked at to choose its interpreter. */
const HEAD_BYTES = 64 * 1024;

interface Script {
  readonly head: Buffer;
  readonly content: () => Readable;
  readonly sizeBytes: number;
  /** Words before the script's path; none for a binary. */
  readonly words: readonly string[];
  readonly asRoot: boolean;
}

/**
 * Puts the script into a private folder of the guest, runs it there with an empty standard input, and removes
 * it, also after a failure. Inline lines run as the build user under `/bin/sh -e`; a script from a URI runs
 * as root under its own `#!` line (reference 2.4).
 * @throws GoldsmithError `CustomizerFailed`/`ValidationFailed`, `Cancelled`.
 */
export async function runShell(part: ShellCustomizer, context: PartContext): Promise<void> {
  const script = await scriptOf(part, context);
  const nonce = randomBytes(8).toString('hex');
  const folder = `/tmp/goldsmith-${nonce}`;
  const notPut = `goldsmith-not-put-${nonce}`;
  let wasPut = true;
  const log = new GuestLog((stream, line) => {
    if (line === notPut) wasPut = false;
    else context.onLine(stream, line);
  }, context.budget);
  let result: ExecResult;
  try {
    result = await context.shell.exec(commandFor(script, folder, notPut, context.shell.userName), {
      stdin: script.content(),
      signal: context.signal,
      onOutput: log.push,
    });
  } catch (error) {
    await removeQuietly(context, folder);
    if (context.signal.aborted || connectionFailureOf(error) === undefined) throw error;
    log.end();
    throw partFailed(part, context, {
      what: 'lost the connection to the build VM while it ran',
      lastLines: log.lastLines,
      hint: 'A script must not restart the build VM, stop its network or SSH server, or kill every process.',
      cause: error,
    });
  }
  log.end();
  if (!wasPut) {
    const lastLines = log.lastLines.filter((line) => line !== notPut);
    const full = lastLines.some((line) => /no space left|disk quota/i.test(line));
    const why = full ? ': its disk is full' : '';
    throw partFailed(part, context, {
      what: `could not be put into the build VM at ${folder}${why}`,
      lastLines,
    });
  }
  if (result.signalName !== undefined) await removeQuietly(context, folder);
  if (result.exitCode === 0 && result.signalName === undefined) return;
  throw partFailed(part, context, {
    what: endOf(result.exitCode, result.signalName),
    lastLines: log.lastLines,
    hint: hintFor(script, result.exitCode),
  });
}

/**
 * One command for the whole life of a script, because every command costs a second on an emulated processor.
 * The size is checked so that a broken connection never runs half a script.
 */
function commandFor(script: Script, folder: string, notPut: string, userName: string): string {
  const path = `${folder}/script.sh`;
  const words = [...script.words, path];
  const run = script.asRoot ? asRoot(userName, words) : shellCommand(words);
  return [
    `if mkdir -m 700 ${folder} && cat > ${path} && chmod 700 ${path} && [ "$(wc -c < ${path})" -eq ${script.sizeBytes} ]`,
    `then ${run} </dev/null; s=$?`,
    `else s=1; echo ${notPut}`,
    `fi`,
    // What the script put beside itself as root needs root to be removed.
    `rm -rf ${folder} 2>/dev/null || ${asRoot(userName, ['rm', '-rf', folder])}`,
    'exit $s',
  ].join('\n');
}

async function scriptOf(part: ShellCustomizer, context: PartContext): Promise<Script> {
  if (part.script.from === 'inline') {
    const text = Buffer.from(`#!/bin/sh -e\n${part.script.lines.join('\n')}\n`);
    return {
      head: text.subarray(0, HEAD_BYTES),
      content: () => Readable.from([text]),
      sizeBytes: text.length,
      words: ['/bin/sh', '-e'],
      asRoot: false,
    };
  }
  const artifact = artifactOf(part.script.uri, context.artifacts);
  await using file = await open(artifact.localPath, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const head = buffer.subarray(0, bytesRead);
  const interpreter = interpreterOf(head);
  return {
    head,
    content: () => createReadStream(artifact.localPath),
    sizeBytes: artifact.sizeBytes,
    words: interpreter.kind === 'interpreter' ? interpreter.words : [],
    asRoot: true,
  };
}

function endOf(exitCode: number, signalName: string | undefined): string {
  if (signalName !== undefined) return `was ended by the signal ${signalName}`;
  const killed = exitCode === 137 ? ' (killed; often because the build VM ran out of memory)' : '';
  return `ended with exit code ${exitCode}${killed}`;
}

function hintFor(script: Script, exitCode: number): string | undefined {
  if (hasWindowsLineEnds(script.head)) {
    return 'The script has Windows line endings (CRLF): save it with LF line endings.';
  }
  if (exitCode === 127)
    return 'Exit code 127 means that a command, or the interpreter in the #! line, was not found.';
  if (exitCode === 126) return 'Exit code 126 means that a file was found but may not be run.';
  return undefined;
}

/** For a script whose own clean-up was killed with it. A guest that is gone has nothing to remove. */
async function removeQuietly({ shell }: PartContext, folder: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  await shell.exec(asRoot(shell.userName, ['rm', '-rf', folder]), { signal }).catch(() => undefined);
}
