import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { startLocalSshd } from './local-sshd.ts';

test(
  'a terminal has the size it was given, follows a change, and ends with its shell',
  { timeout: 60_000 },
  async () => {
    await using sshd = await startLocalSshd();
    await using shell = await sshd.connect();
    const terminal = await shell.openTerminal({ columns: 101, rows: 31 }, 'xterm');
    let screen = '';
    terminal.stream.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
    });
    const shows = async (text: RegExp): Promise<void> => {
      while (!text.test(screen)) await once(terminal.stream, 'data');
    };
    terminal.stream.write('echo "size=$(stty size) term=$TERM"\n');
    await shows(/size=31 101 term=xterm/);
    terminal.resize({ columns: 60, rows: 20 });
    terminal.stream.write('echo "now=$(stty size)"\n');
    await shows(/now=20 60/);
    terminal.stream.write('exit\n');
    await once(terminal.stream, 'close');
    assert.doesNotMatch(screen, /command not found/);
  },
);
