/** The other resource providers with Azure's SDKs, all against one service. */
import { after, before, describe } from 'node:test';
import { describeAuthorization } from './packages/arm-authorization.ts';
import { describeCompute } from './packages/arm-compute.ts';
import { describeFeatures, describeLocks } from './packages/arm-locks.ts';
import { describeNetworks } from './packages/arm-network.ts';
import { describeResources } from './packages/arm-resources.ts';
import { describeStorage } from './packages/arm-storage.ts';
import type { SdkSuite } from './packages/suite.ts';
import { clients } from './sdk.ts';
import { startServiceUnderTest } from './service.ts';

describe('the Azure SDKs', { timeout: 10 * 60_000 }, () => {
  let suite: SdkSuite | undefined;
  const started = (): SdkSuite => {
    if (suite === undefined) throw new Error('The service has not been started');
    return suite;
  };

  before(async () => {
    const service = await startServiceUnderTest();
    suite = { service, sdk: clients(service) };
  });
  after(async () => suite?.service[Symbol.asyncDispose]());

  describeResources(started);
  describeLocks(started);
  describeFeatures(started);
  describeAuthorization(started);
  describeNetworks(started);
  describeCompute(started);
  describeStorage(started);
});
