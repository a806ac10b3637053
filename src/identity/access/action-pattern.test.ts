import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesAction } from './action-pattern.ts';

const covered: readonly (readonly [string, string])[] = [
  ['*', 'Microsoft.Compute/images/write'],
  ['*/read', 'Microsoft.Compute/galleries/images/versions/read'],
  ['Microsoft.Network/*', 'microsoft.network/virtualNetworks/subnets/join/action'],
  ['Microsoft.Authorization/*/Write', 'Microsoft.Authorization/roleAssignments/write'],
  [
    'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
    'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
  ],
  [
    'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
    'Microsoft.ManagedIdentity/userAssignedIdentities/read',
  ],
  ['Microsoft.Compute/images/READ', 'microsoft.compute/images/read'],
  ['a*b*c', 'aXbYbc'],
];

const notCovered: readonly (readonly [string, string])[] = [
  ['*/read', 'Microsoft.Compute/images/write'],
  ['*/read', 'Microsoft.Compute/images/reader'],
  ['Microsoft.Compute/images/*', 'Microsoft.Compute/imagesX/read'],
  ['Microsoft.Compute/images/read', 'Microsoft.Compute/images/read/action'],
  ['Microsoft.Compute/images', 'Microsoft.Compute/images/read'],
  ['ab*ba', 'aba'],
  ['a.c', 'abc'],
  ['', 'Microsoft.Compute/images/read'],
];

for (const [pattern, action] of covered) {
  test(`the pattern "${pattern}" covers ${action}`, () => {
    assert.equal(matchesAction(pattern, action), true);
  });
}

for (const [pattern, action] of notCovered) {
  test(`the pattern "${pattern}" does not cover ${action}`, () => {
    assert.equal(matchesAction(pattern, action), false);
  });
}
