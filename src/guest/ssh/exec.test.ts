import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { runFramed, type ExecHost } from './exec.ts';

class FakeChannel extends Duplex {
  readonly stderr = new Duplex({ read: () => undefined });
  constructor() {
    super({ emitClose: false, autoDestroy: false }); // as the library's channel: it reports its close itself
  }
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

/** A library whose whole answer to a command arrives in one piece, as from a fast guest to a busy host. */
function answeringAtOnce(exitCode: number): ExecHost['client'] {
  const exec = (commandLine: string, callback: (error: undefined, channel: FakeChannel) => void): void => {
    const channel = new FakeChannel();
    const [opening = ''] = /goldsmith-begin-[0-9a-f]+-/.exec(commandLine) ?? [];
    const [closing = ''] = /goldsmith-end-[0-9a-f]+/.exec(commandLine) ?? [];
    callback(undefined, channel);
    channel.push(`${opening}17\nhello${closing}`);
    channel.stderr.push(`${opening}\n${closing}`);
    channel.emit('exit', exitCode);
    channel.push(null);
    channel.stderr.push(null);
    channel.once('end', () => channel.emit('close'));
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one overload that is called, nothing more
  return { exec } as unknown as ExecHost['client'];
}

test('an answer that arrives in one piece with the reply is not taken for a lost connection', async () => {
  const said: string[] = [];
  const host = { client: answeringAtOnce(82), lost: () => new Error('lost'), kill: async () => undefined };
  const result = await runFramed(host, 'true', {
    signal: AbortSignal.timeout(5000),
    onOutput: (_, chunk) => void said.push(chunk.toString()),
  });
  assert.equal(result.exitCode, 82);
  assert.deepEqual(said, ['hello']);
});
