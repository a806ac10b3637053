import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo } from './testing/memory-io.ts';
import { runCli } from './testing/run-cli.ts';

const commands = ['demo', 'doctor', 'build', 'validate', 'boot', 'shell', 'runs', 'images', 'clean'];

test('help names every command, every exit code and the environment', async () => {
  const { exitCode, stdout, stderr } = await runCli(['--help']);
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  for (const command of commands) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'));
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 130])
    assert.match(stdout, new RegExp(`^ +${code}  \\S`, 'm'));
  assert.match(stdout, /GOLDSMITH_HOME/);
});

for (const command of commands) {
  test(`${command} --help explains itself with examples`, async () => {
    const { exitCode, stdout } = await runCli([command, '--help']);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^Usage: goldsmith ${command}`));
    assert.match(stdout, /Examples:\n {2}\$ /);
  });
}

test('the version is printed', async () => {
  assert.deepEqual(await runCli(['--version']).then(({ exitCode, stdout }) => [exitCode, stdout]), [
    0,
    '1.2.3\n',
  ]);
});

for (const [args, told] of [
  [['biuld', 'x'], /unknown command 'biuld'\n\(Did you mean build\?\)/],
  [['build', '--fromat', 'vhd', 'x'], /unknown option '--fromat'\n\(Did you mean --format\?\)/],
  [['images', 'lst'], /Did you mean .*list/],
  [['build'], /missing required argument 'template'/],
  [['build', 'a', 'b'], /too many arguments/],
  [['build', 'a', '--format', 'vhd,floppy'], /Unknown: floppy\. Use vhd, qcow2, raw, vhdx, vmdk\./],
  [['build', 'a', '--progress', 'loud'], /Allowed choices are auto, live, plain/],
  [['boot', 'a', '--memory', '12'], /whole number from 256/],
  [['boot', 'a', '--cpus', '2.5'], /whole number from 1 to 64/],
] as const) {
  test(`"${args.join(' ')}" is a usage error that says what to do`, async () => {
    const { exitCode, stdout, stderr, asked } = await runCli([...args]);
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, told);
    assert.match(stderr, /--help/);
    assert.deepEqual([asked.builds, asked.boots], [[], []]);
  });
}

test('the help of every command fits a terminal of 80 columns', async () => {
  for (const command of commands) {
    const { stdout } = await runCli([command, '--help'], { io: memoryIo({ columns: 80 }) });
    const wide = stdout
      .slice(0, stdout.indexOf('Examples:'))
      .split('\n')
      .filter((line) => line.length > 80);
    assert.deepEqual(wide, []);
  }
});
