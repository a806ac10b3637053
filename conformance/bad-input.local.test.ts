/** Whatever is sent, the answer is an ARM error that names what is wrong, and never a 5xx. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { apiVersions } from '../src/arm/api-versions/supported.ts';
import { damagedTemplate, pick, randomNumbers } from '../src/arm/testing/damaged-templates.ts';
import { clients, connection } from './sdk.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';

const armError = z.union([
  z.object({ error: z.object({ code: z.string().min(1), message: z.string().min(1) }) }),
  z.object({ code: z.string().min(1), message: z.string().min(1) }).transform((error) => ({ error })),
]);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

describe('bad input', { timeout: 10 * 60_000 }, () => {
  let service: ServiceUnderTest;
  let token = '';
  let templates = '';

  before(async () => {
    service = await startServiceUnderTest();
    await clients(service).resources.resourceGroups.createOrUpdate('bad', { location: 'westus2' });
    const got = await connection(service).credential.getToken(`${service.endpoint}/.default`);
    ({ token } = got);
    templates = `/subscriptions/${service.subscriptionId}/resourceGroups/bad/providers/Microsoft.VirtualMachineImages/imageTemplates`;
  });
  after(async () => service[Symbol.asyncDispose]());

  test('thousands of damaged templates', async () => {
    const random = randomNumbers(20_261_122);
    let refused = 0;
    for (let round = 0; round < 2000; round += 1) {
      const apiVersion = pick(apiVersions, random);
      const body = JSON.stringify(damagedTemplate(random)) ?? 'null';
      const answer = await send('PUT', `${templates}/t${round}?api-version=${apiVersion}`, body);
      if (answer.status < 300) continue;
      refused += 1;
      assertRefusal(answer, body.slice(0, 2000));
    }
    assert.ok(refused > 1000, `only ${refused} were refused`);
  });

  const bodies: readonly (readonly [string, string | Uint8Array])[] = [
    ['nothing', ''],
    ['half a document', '{"location":'],
    ['an array', '[]'],
    ['a number', '1'],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00, 0xc3, 0x28])],
    ['deep nesting', '['.repeat(100_000)],
    ['a prototype', '{"__proto__":{"polluted":true},"location":"westus2","properties":{}}'],
    ['ten megabytes', `{"location":"${'x'.repeat(10 * 2 ** 20)}"}`],
  ];
  for (const [what, body] of bodies) {
    test(`${what} as a body`, async () => {
      for (const path of [
        templates,
        templates.replace(/\/providers.*/, '/providers/Microsoft.Compute/galleries'),
      ]) {
        assertRefusal(
          await send(
            'PUT',
            `${path}/one?api-version=2022-03-03`.replace(/2022-03-03/, versionFor(path)),
            body,
          ),
        );
      }
    });
  }

  const paths = [
    '/subscriptions',
    '/subscriptions/no-such-subscription/resourceGroups',
    '/subscriptions/%00/resourceGroups/x',
    '/subscriptions/{s}/resourceGroups/../../etc/passwd',
    '/subscriptions/{s}/resourceGroups/%2e%2e%2f%2e%2e',
    '/subscriptions/{s}/resourceGroups/bad/providers',
    '/subscriptions/{s}/resourceGroups/bad/providers/Microsoft.Nothing/at/all',
    '/subscriptions/{s}/resourceGroups/bad/providers/Microsoft.VirtualMachineImages/imageTemplates/a%0d%0ab',
    `/subscriptions/{s}/resourceGroups/bad/providers/Microsoft.VirtualMachineImages/imageTemplates/${'n'.repeat(3000)}`,
    '/subscriptions/{s}/resourceGroups/bad/providers/Microsoft.VirtualMachineImages/imageTemplates/%F0%9F%94%A8',
    '/subscriptions/{s}/resourceGroups/bad/providers/Microsoft.VirtualMachineImages/imageTemplates/a/run/run/run',
    '//////',
    '/%',
    '/subscriptions/{s}/providers/Microsoft.VirtualMachineImages/locations/nowhere/operations/none',
  ];
  test('hostile paths, methods and api-versions', async () => {
    for (const path of paths) {
      for (const method of ['GET', 'PUT', 'PATCH', 'POST', 'DELETE']) {
        for (const query of [
          '',
          '?api-version=',
          '?api-version=1999-01-01',
          '?api-version=2024-02-01&$skipToken=%00',
          "?api-version=2022-02-14'",
        ]) {
          const full = path.replace('{s}', service.subscriptionId) + query;
          const answer = await send(method, full, method === 'GET' || method === 'DELETE' ? undefined : '{}');
          if (answer.status < 300) continue;
          assertRefusal(answer, `${method} ${full.slice(0, 200)}`);
        }
      }
    }
  });

  test('an unknown api-version is told the ones there are', async () => {
    const answer = await send('GET', `${templates}/x?api-version=2019-01-01`);
    assert.equal(answer.status, 400);
    for (const version of apiVersions) assert.ok(answer.text.includes(version), answer.text);
  });

  test('missing, malformed, foreign and expired tokens are refused', async () => {
    const [head = '', payload = '', signature = ''] = token.split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const changed = Buffer.from(JSON.stringify(Object.assign({}, claims, { oid: 'somebody-else' }))).toString(
      'base64url',
    );
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const forged = [
      undefined,
      'Bearer',
      'Bearer x',
      `Basic ${Buffer.from('a:b').toString('base64')}`,
      `Bearer ${head}.${changed}.${signature}`,
      `Bearer ${none}.${payload}.`,
      `Bearer ${head}.${payload}.${signature.slice(0, -4)}AAAA`,
      `Bearer ${'x'.repeat(20_000)}`,
    ];
    for (const authorization of forged) {
      const answer = await send('GET', `${templates}?api-version=2024-02-01`, undefined, authorization ?? '');
      assert.ok(
        answer.status === 401 || answer.status === 431,
        `${authorization?.slice(0, 60)}: ${answer.status}`,
      );
      if (answer.status === 401) {
        assertRefusal(answer);
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
      }
    }
  });

  test('of many PUTs at once for one name, one wins and the others are told so', async () => {
    const body = JSON.stringify({
      location: 'westus2',
      identity: { type: 'None' },
      properties: {
        source: {
          type: 'PlatformImage',
          publisher: 'Debian',
          offer: 'debian-12',
          sku: '12',
          version: 'latest',
        },
        customize: [],
        distribute: [{ type: 'VHD', runOutputName: 'x' }],
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => send('PUT', `${templates}/race?api-version=2022-02-14`, body)),
    );
    const won = answers.filter(({ status }) => status < 300);
    assert.equal(
      won.length,
      1,
      JSON.stringify(answers.map(({ status, text }) => [status, text.slice(0, 200)])),
    );
    for (const answer of answers.filter(({ status }) => status >= 300)) {
      assert.equal(answer.status, 409);
      assertRefusal(answer);
    }
  });

  function versionFor(path: string): string {
    return path.endsWith('galleries') ? '2022-03-03' : '2024-02-01';
  }

  async function send(
    method: string,
    path: string,
    body?: string | Uint8Array,
    authorization = `Bearer ${token}`,
  ): Promise<Answer> {
    const response = await fetch(`${service.endpoint}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }
});

function assertRefusal(answer: Answer, about = ''): void {
  const seen = `${answer.status} ${answer.text.slice(0, 1000)}\n${about}`;
  assert.ok(answer.status >= 400 && answer.status < 500, seen);
  const parsed = armError.safeParse(JSON.parse(answer.text === '' ? '{}' : answer.text));
  assert.ok(parsed.success, seen);
}
