/** Thousands of damaged templates through PUT: a success or a 4xx that names the field, and every version reads them back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersions, templateWires } from '../../arm/api-versions/supported.ts';
import { damagedTemplate, pick, randomNumbers } from '../../arm/testing/damaged-templates.ts';
import { bodyTexts } from '../../arm/testing/template-bodies.ts';
import { checkWire } from '../../arm/wire/check-wire.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ArmReply } from '../resource-provider.ts';
import { send } from '../testing/arm-request.ts';
import { putResource, startImageBuilder, templates } from './testing/image-builder-service.ts';

test(
  'damaged templates are answered, and what is accepted reads back in all api-versions',
  { timeout: 240_000 },
  async () => {
    await using service = await startImageBuilder({ jobs: false });
    const { provider, store } = service;
    const random = randomNumbers(2026);
    let accepted = 0;
    for (let round = 0; round < 4000; round += 1) {
      const apiVersion = pick(apiVersions, random);
      const body = damagedTemplate(random, bodyTexts);
      for (const id of identitiesIn(body)) await putResource(store, id);
      const path = `${templates}/t${round}?api-version=${apiVersion}`;
      const reply = await send(provider, 'PUT', path, { body });
      if (reply.status !== 201) {
        assertNamesField(reply, body);
        continue;
      }
      accepted += 1;
      const own = propertiesOf(await send(provider, 'GET', path));
      for (const view of apiVersions) {
        const shown = await send(provider, 'GET', `${templates}/T${round}?api-version=${view}`);
        assert.equal(shown.status, 200);
        const { issues = [] } = { ...check(view, shown.body) };
        assert.deepEqual(
          issues.filter(({ code }) => code === 'UnknownField'),
          [],
        );
        if (view === apiVersion) assert.deepEqual(propertiesOf(shown), own);
      }
    }
    assert.ok(accepted > 400, `only ${accepted} of 4000 were accepted`);
    const list = await send(provider, 'GET', `${templates}?api-version=2020-02-14&$top=1000`);
    assert.equal(list.status, 200);
    assert.ok(isJsonObject(list.body) && Array.isArray(list.body['value']));
    assert.equal(list.body['value'].length, Math.min(accepted, 1000));
  },
);

function check(
  view: (typeof apiVersions)[number],
  body: unknown,
): { readonly issues?: readonly { code: string }[] } {
  const checked = checkWire(templateWires[view].schema, body, 'strict');
  return checked.ok ? {} : checked;
}

function assertNamesField({ status, body }: ArmReply, sent: unknown): void {
  const seen = JSON.stringify({ status, body, sent }).slice(0, 2000);
  assert.ok(status >= 400 && status < 500, seen);
  assert.ok(isJsonObject(body) && isJsonObject(body['error']), seen);
  const { code, message, target } = body['error'];
  assert.ok(typeof code === 'string' && typeof message === 'string' && message.length < 4000, seen);
  if (code === 'LocationNotAvailableForResourceType') return;
  assert.ok(typeof target === 'string' && target.startsWith('$'), seen);
}

function propertiesOf({ body }: ArmReply): JsonObject {
  assert.ok(isJsonObject(body) && isJsonObject(body['properties']));
  return body['properties'];
}

/** Ids that the template takes for identities; they exist, so that everything else is looked at too. */
function identitiesIn(body: unknown): readonly string[] {
  if (!isJsonObject(body) || !isJsonObject(body['identity'])) return [];
  const ids = body['identity']['userAssignedIdentities'];
  return isJsonObject(ids)
    ? Object.keys(ids).filter(
        (id) => /^\/subscriptions\/[^/]+\/resourceGroups\//i.test(id) && id.length < 500,
      )
    : [];
}
