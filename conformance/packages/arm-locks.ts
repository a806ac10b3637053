/** Locks with `@azure/arm-locks`, and what they keep other clients from; features with `@azure/arm-features`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { location } from '../templates.ts';
import { namesOf, type SdkSuite } from './suite.ts';

const group = 'locked';

export function describeLocks(suite: () => SdkSuite): void {
  describe('@azure/arm-locks', () => {
    test('a locked group is neither deleted nor changed, and is free again without the locks', async () => {
      const { resources, identities, locks } = suite().sdk;
      await resources.resourceGroups.createOrUpdate(group, { location });
      await identities.userAssignedIdentities.createOrUpdate(group, 'inside', { location });
      const { managementLocks } = locks;
      const kept = { level: 'CanNotDelete', notes: 'golden' } as const;
      const lock = await managementLocks.createOrUpdateAtResourceGroupLevel(group, 'keep', kept);
      assert.equal(lock.level, 'CanNotDelete');
      assert.equal((await managementLocks.getAtResourceGroupLevel(group, 'keep')).notes, 'golden');
      await assert.rejects(identities.userAssignedIdentities.delete(group, 'inside'), {
        code: 'ScopeLocked',
        statusCode: 409,
      });
      await assert.rejects(resources.resourceGroups.beginDeleteAndWait(group), { code: 'ScopeLocked' });
      await identities.userAssignedIdentities.update(group, 'inside', { tags: { may: 'change' } });

      // Not by scope: this package escapes the slashes of a scope.
      const inside = ['Microsoft.ManagedIdentity', '', 'userAssignedIdentities', 'inside'] as const;
      await managementLocks.createOrUpdateAtResourceLevel(group, ...inside, 'still', { level: 'ReadOnly' });
      await assert.rejects(identities.userAssignedIdentities.update(group, 'inside', { tags: {} }), {
        code: 'ScopeLocked',
      });
      assert.deepEqual(await namesOf(managementLocks.listAtResourceGroupLevel(group)), ['keep', 'still']);
      const atGroup = { filter: 'atScope()' };
      assert.deepEqual(await namesOf(managementLocks.listAtResourceGroupLevel(group, atGroup)), ['keep']);
      await managementLocks.deleteAtResourceLevel(group, ...inside, 'still');
      await managementLocks.deleteAtResourceGroupLevel(group, 'keep');
      await assert.rejects(managementLocks.getAtResourceGroupLevel(group, 'keep'), { code: 'LockNotFound' });
      await resources.resourceGroups.beginDeleteAndWait(group);
    });
  });
}

export function describeFeatures(suite: () => SdkSuite): void {
  describe('@azure/arm-features', () => {
    test('a preview feature is registered and taken back', async () => {
      const { features } = suite().sdk.features;
      const [namespace, name] = ['Microsoft.VirtualMachineImages', 'FairfaxPublicPreview'] as const;
      assert.equal((await features.get(namespace, name)).properties?.state, 'NotRegistered');
      assert.equal((await features.register(namespace, name)).properties?.state, 'Registered');
      assert.ok((await namesOf(features.list(namespace))).includes(`${namespace}/${name}`));
      const all = await Array.fromAsync(features.listAll());
      assert.equal(all.find((one) => one.name?.endsWith(name))?.properties?.state, 'Registered');
      assert.equal((await features.unregister(namespace, name)).properties?.state, 'NotRegistered');
      await assert.rejects(features.get(namespace, 'NoSuchFeature'), { code: 'FeatureNotFound' });
    });
  });
}
