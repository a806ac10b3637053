import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logMarkers } from './log-markers.ts';

test('the log carries the marks that people look for in Azure', () => {
  const markers = logMarkers('0457');
  const at = new Date(Date.UTC(2026, 10, 21, 21, 50, 7));
  assert.equal(
    markers.starting('shell', at),
    '[0457] PACKER ERR 2026/11/21 21:50:07 [INFO] (telemetry) Starting provisioner shell',
  );
  assert.match(markers.ending('file', at), /\(telemetry\) ending file$/);
  assert.match(markers.finalizing(at), /\(telemetry\) Finalizing\.$/);
  assert.equal(markers.guestLine('out', 'hello'), '[0457] PACKER OUT     goldsmith: hello');
  assert.equal(markers.guestLine('err', 'oh'), '[0457] PACKER OUT ==> goldsmith: oh');
});
