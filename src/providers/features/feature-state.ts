/** Preview features and the subscriptions that registered them. */
import type { SettingsRepository } from '../../store/store.ts';

export interface Feature {
  /** For example `Microsoft.VirtualMachineImages`. */
  readonly namespace: string;
  /** For example `FairfaxPublicPreview`. */
  readonly name: string;
}

export type FeatureState = 'NotRegistered' | 'Registered';

/** Lets templates be made in the regions of Azure Government (reference 2.12). */
export const governmentRegionsFeature: Feature = {
  namespace: 'Microsoft.VirtualMachineImages',
  name: 'FairfaxPublicPreview',
};

/** Every feature that this service knows. */
export const knownFeatures: readonly Feature[] = [governmentRegionsFeature];

/** Whether the subscription registered the feature. */
export async function featureState(
  settings: Pick<SettingsRepository, 'get'>,
  subscriptionId: string,
  feature: Feature,
): Promise<FeatureState> {
  const stored = await settings.get(keyOf(subscriptionId, feature));
  return stored?.['state'] === 'Registered' ? 'Registered' : 'NotRegistered';
}

export async function setFeatureState(
  settings: Pick<SettingsRepository, 'put'>,
  subscriptionId: string,
  feature: Feature,
  state: FeatureState,
): Promise<void> {
  await settings.put(keyOf(subscriptionId, feature), { state });
}

function keyOf(subscriptionId: string, { namespace, name }: Feature): string {
  return `feature/${subscriptionId}/${namespace}/${name}`.toLowerCase();
}
