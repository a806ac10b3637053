import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatDeb822Sources,
  formatOneLineSources,
  parseDeb822Sources,
  parseOneLineSources,
} from './apt-sources.ts';
import { chooseMirrors, DEBIAN_KEYRING } from './mirrors.ts';
import { sourcesFor } from './release.ts';

const deb822 = `Types: deb
# a comment inside a stanza
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /etc/apt/keyrings/own.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main contrib

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;

test('deb822 stanzas are read, comments and disabled ones left out', () => {
  const sources = parseDeb822Sources(deb822);
  assert.deepEqual(
    sources.map(({ uri, suites, signedBy }) => [uri, suites, signedBy]),
    [
      ['http://mirror.example/debian', ['bookworm', 'bookworm-updates'], '/etc/apt/keyrings/own.gpg'],
      ['http://mirror.example/debian-security', ['bookworm-security'], undefined],
    ],
  );
});

test('one-line entries are read with their options', () => {
  const text = `# deb http://no.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg check-valid-until=no] http://a.example/debian bookworm main contrib # why
deb-src http://a.example/debian bookworm main
`;
  assert.deepEqual(parseOneLineSources(text), [
    {
      uri: 'http://a.example/debian',
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      signedBy: '/k.gpg',
      checkValidUntil: false,
    },
  ]);
});

test('the archive and security mirrors of a Debian machine are used, for any release', () => {
  const mirrors = chooseMirrors({ sources: parseDeb822Sources(deb822), options: [] }, {});
  const [archive, security] = sourcesFor('trixie', mirrors);
  assert.deepEqual(archive && formatOneLineSources(archive), [
    'deb [signed-by=/etc/apt/keyrings/own.gpg] http://mirror.example/debian trixie main',
    'deb [signed-by=/etc/apt/keyrings/own.gpg] http://mirror.example/debian trixie-updates main',
  ]);
  assert.deepEqual(security && formatOneLineSources(security), [
    `deb [signed-by=${DEBIAN_KEYRING}] http://mirror.example/debian-security trixie-security main`,
  ]);
});

test('a machine that is not Debian must be told a mirror', () => {
  const host = {
    sources: parseOneLineSources('deb http://archive.example/ubuntu jammy main universe\n'),
    options: [],
  };
  assert.throws(() => chooseMirrors(host, {}), /names no Debian mirror/);
  const { archive } = chooseMirrors(host, {
    GOLDSMITH_DEBIAN_MIRROR: 'http://mirror.example/debian/',
    GOLDSMITH_DEBIAN_SECURITY_MIRROR: 'http://mirror.example/security',
  });
  assert.deepEqual([archive.uri, archive.signedBy], ['http://mirror.example/debian', DEBIAN_KEYRING]);
});

test('the environment overrides the mirror', () => {
  const host = { sources: parseDeb822Sources(deb822), options: [] };
  const { archive, security } = chooseMirrors(host, {
    GOLDSMITH_DEBIAN_MIRROR: 'http://own.example/debian/',
  });
  assert.equal(archive.uri, 'http://own.example/debian');
  assert.equal(archive.signedBy, DEBIAN_KEYRING);
  assert.equal(security.uri, 'http://mirror.example/debian-security');
});

test('a machine that ignores the age of package indexes passes that on to the guest', () => {
  const host = { sources: parseDeb822Sources(deb822), options: ['Acquire::Check-Valid-Until "false";'] };
  assert.match(formatDeb822Sources(sourcesFor('bookworm', chooseMirrors(host, {}))), /Check-Valid-Until: no/);
  const plain = { ...host, options: [] };
  assert.doesNotMatch(formatDeb822Sources(sourcesFor('bookworm', chooseMirrors(plain, {}))), /Valid-Until/);
});
