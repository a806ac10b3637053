import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactText, redactUri } from './redact.ts';

test('signatures, tokens and passwords of a URL are not shown', () => {
  assert.equal(
    redactUri('https://acct.blob.core.windows.net/c/install.sh?sv=2022-11-02&sig=a%2Bb%3D&se=2030'),
    'https://acct.blob.core.windows.net/c/install.sh?sv=***&sig=***&se=***',
  );
  assert.equal(redactUri('https://user:pass@host/x'), 'https://***@host/x');
  assert.equal(redactUri('https://user:p@ss@host/x'), 'https://***@host/x');
  assert.equal(redactUri('https://host/x?ghp_secret#part'), 'https://host/x?***');
});

test('what grants nothing stays readable', () => {
  assert.equal(redactUri('https://host/a/b.sh?api-version=1'), 'https://host/a/b.sh?api-version=1');
  assert.equal(redactUri('scripts/install.sh'), 'scripts/install.sh');
});

test('URLs inside a sentence are redacted too', () => {
  assert.equal(
    redactText('curl: (22) failed for "https://h/x?sig=abc" and http://u:p@h/'),
    'curl: (22) failed for "https://h/x?sig=***" and http://***@h/',
  );
});
