/** Thousands of damaged templates: reading one never throws, and a refusal always says where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { damagedTemplate, exampleTexts, pick, randomNumbers } from '../testing/damaged-templates.ts';
import { apiVersions } from '../api-versions/supported.ts';
import { parseTemplateBody, parseTemplateDocument, type ParsedTemplate } from './parse-document.ts';

test('a few thousand damaged templates are read or refused with a path, and nothing throws', () => {
  const random = randomNumbers(20_251_001);
  let refusals = 0;
  for (let round = 0; round < 4000; round += 1) {
    const document = damagedTemplate(random);
    const apiVersion = pick(apiVersions, random);
    const parsed =
      random() < 0.8
        ? parseTemplateDocument(JSON.stringify(document), random() < 0.5 ? {} : { apiVersion })
        : parseTemplateBody(document, apiVersion);
    if (!parsed.ok) refusals += 1;
    assertUseful(parsed);
  }
  assert.ok(refusals > 2000, `only ${refusals} of 4000 were refused`);
  assert.ok(!('polluted' in {}));
});

test('damaged text is read or refused with a path, and nothing throws', () => {
  const random = randomNumbers(20_200_214);
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '\\u12',
    '//',
    '/*',
    'null',
    '\u0000',
    '\ufeff',
    '1e',
    ' ',
  ];
  for (let round = 0; round < 1000; round += 1) {
    const text = pick(exampleTexts, random);
    const at = Math.floor(random() * text.length);
    const damaged = text.slice(0, at) + pick(pieces, random) + text.slice(at + Math.floor(random() * 4));
    assertUseful(parseTemplateDocument(damaged));
    assertUseful(parseTemplateDocument(text.slice(0, at)));
  }
});

function assertUseful(parsed: ParsedTemplate): void {
  const reports = parsed.ok ? parsed.warnings : [...parsed.issues, ...parsed.warnings];
  if (!parsed.ok) assert.ok(parsed.issues.length > 0);
  assert.ok(reports.length <= 250);
  for (const { path, code, message } of reports) {
    assert.match(path, /^\$/);
    assert.match(code, /^[A-Z][A-Za-z]+$/);
    assert.ok(message.length > 0 && message.length < 2000, message.slice(0, 300));
    assert.doesNotMatch(message + path, /[\p{Cc}\u202e]/u, JSON.stringify({ path, message }));
    assert.doesNotMatch(message, /invalid input/i);
  }
}
