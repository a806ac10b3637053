/** Rules of customizers. */
import {
  bodyWith,
  fileCopy,
  many,
  p,
  powerShell,
  restart,
  sha256,
  shell,
  step,
  testRules,
  update,
} from './rule-table.ts';

testRules([
  {
    rule: 'a script comes from exactly one of scriptUri and inline, and is not empty',
    passes: [shell({ inline: ['x'] }), shell({ scriptUri: 'https://example.com/x.sh' }), powerShell({})],
    refused: [
      {
        body: shell({ scriptUri: 'x.sh', inline: ['x'] }),
        path: `${step}.inline`,
        code: 'FieldConflict',
        says: /'scriptUri' and 'inline' cannot be used together/,
      },
      { body: shell({ inline: [] }), path: `${step}.inline` },
      { body: shell({ scriptUri: '' }), path: `${step}.scriptUri` },
      { body: powerShell({ scriptUri: 'x.ps1' }), path: `${step}.inline`, code: 'FieldConflict' },
      { body: shell({ inline: 'x' }), path: `${step}.inline` },
      { body: shell({ inline: ['a', 7] }), path: `${step}.inline[1]` },
      { body: shell({ inline: ['a\u0000b'] }), path: `${step}.inline[0]` },
      { body: shell({ inline: ['x'.repeat(300_000)] }), path: `${step}.inline[0]`, code: 'TooLong' },
      { body: shell({ inline: many(10_001, () => 'x') }), path: `${step}.inline`, code: 'TooLong' },
    ],
  },
  {
    rule: 'sha256Checksum is 64 lower-case hex digits beside a file',
    passes: [
      shell({ scriptUri: 'x.sh', sha256Checksum: sha256 }),
      shell({ scriptUri: 'x.sh', sha256Checksum: '' }),
      shell({ inline: ['x'], sha256Checksum: '' }),
      fileCopy({ sha256Checksum: sha256 }),
    ],
    refused: [
      {
        body: shell({ scriptUri: 'x.sh', sha256Checksum: sha256.toUpperCase() }),
        path: `${step}.sha256Checksum`,
        suggestion: sha256,
        says: /lower case/,
      },
      { body: shell({ scriptUri: 'x.sh', sha256Checksum: 'ab' }), path: `${step}.sha256Checksum` },
      { body: fileCopy({ sha256Checksum: `${sha256}0` }), path: `${step}.sha256Checksum` },
      { body: fileCopy({ sha256Checksum: 'g'.repeat(64) }), path: `${step}.sha256Checksum` },
      {
        body: shell({ inline: ['x'], sha256Checksum: sha256 }),
        path: `${step}.sha256Checksum`,
        code: 'FieldConflict',
        says: /only be used with 'scriptUri'/,
      },
    ],
  },
  {
    rule: 'runAsSystem needs runElevated',
    passes: [
      powerShell({ runElevated: true, runAsSystem: true }),
      powerShell({ runAsSystem: false }),
      powerShell({ runElevated: true }),
    ],
    refused: [
      {
        body: powerShell({ runAsSystem: true }),
        path: `${step}.runAsSystem`,
        code: 'FieldConflict',
        says: /'runElevated'/,
      },
      {
        body: powerShell({ runAsSystem: true, runElevated: false }),
        path: `${step}.runAsSystem`,
        code: 'FieldConflict',
      },
      { body: powerShell({ runElevated: 'true' }), path: `${step}.runElevated` },
    ],
  },
  {
    rule: 'validExitCodes are int32',
    passes: [
      powerShell({ validExitCodes: [0, 3010, -1, 2_147_483_647, -2_147_483_648] }),
      powerShell({ validExitCodes: [] }),
    ],
    refused: [2_147_483_648, -2_147_483_649, 1.5, '0'].map((code) => ({
      body: powerShell({ validExitCodes: [0, code] }),
      path: `${step}.validExitCodes[1]`,
    })),
  },
  {
    rule: 'locations of scripts are http(s) URLs, file: URLs or paths, without credentials',
    passes: [
      'https://example.com/a.sh?sv=1&sig=x',
      'http://example.com/a',
      'scripts/a.sh',
      '/srv/a.sh',
      './a.sh',
      'file:///srv/a.sh',
      'HTTPS://EXAMPLE.COM/a',
    ].flatMap((uri) => [shell({ scriptUri: uri }), fileCopy({ sourceUri: uri })]),
    refused: [
      'ftp://example.com/a',
      'javascript:alert(1)',
      'data:text/plain,x',
      'https://',
      'https:///a',
      'https://u:secret@example.com/a',
      'https://u@example.com/a',
      'file://host/a',
      'a\nb',
      ' ',
      'x'.repeat(5000),
    ].flatMap((uri) => [
      { body: shell({ scriptUri: uri }), path: `${step}.scriptUri` },
      { body: fileCopy({ sourceUri: uri }), path: `${step}.sourceUri` },
    ]),
  },
  {
    rule: 'a File destination is an absolute path of a file',
    passes: ['/tmp/a', '/opt/my app/x.conf', 'C:\\buildArtifacts\\index.html', 'd:/x'].map((destination) =>
      fileCopy({ destination }),
    ),
    refused: [
      '',
      'a',
      'tmp/a',
      '/',
      '/tmp/',
      '/tmp/..',
      '/tmp/.',
      'C:\\',
      'C:x',
      'C:\\x\\',
      '\\\\server\\x',
      '~/a',
      '/tmp/a\n',
      '/tmp/\u0000',
      7,
    ].map((destination) => ({
      body: fileCopy({ destination }),
      path: `${step}.destination`,
    })),
  },
  {
    rule: 'restartTimeout is a magnitude and a unit',
    passes: ['5m', '2h', '30s', '1h30m', '500ms', ''].map((restartTimeout) => restart({ restartTimeout })),
    refused: ['5', 'm', '5 m', '5M', '-5m', '0s', '5d', '1.5h', '9999999m', 300].map((restartTimeout) => ({
      body: restart({ restartTimeout }),
      path: `${step}.restartTimeout`,
    })),
  },
  {
    rule: 'Windows Update filters include or exclude, and the limit is not negative',
    passes: [
      update({}),
      update({ filters: ["exclude:$_.Title -like '*Preview*'", 'include:$true'], updateLimit: 0 }),
      update({ updateLimit: 20 }),
    ],
    refused: [
      { body: update({ filters: ['$true'] }), path: `${step}.filters[0]`, says: /include:/ },
      { body: update({ filters: ['include:$true', 'exclude:'] }), path: `${step}.filters[1]` },
      { body: update({ filters: ['Include:$true'] }), path: `${step}.filters[0]` },
      { body: update({ updateLimit: -1 }), path: `${step}.updateLimit` },
      { body: update({ updateLimit: 1.5 }), path: `${step}.updateLimit` },
    ],
  },
  {
    rule: 'customize may be empty or absent, and has a limit',
    passes: [bodyWith({}), bodyWith({ customize: [] }), bodyWith({ customize: null })],
    refused: [
      { body: bodyWith({ customize: {} }), path: `${p}.customize` },
      { body: bodyWith({ customize: ['x'] }), path: `${p}.customize[0]` },
      {
        body: bodyWith({ customize: many(1001, () => ({ type: 'Shell', inline: ['x'] })) }),
        path: `${p}.customize`,
        code: 'TooLong',
      },
    ],
  },
]);
