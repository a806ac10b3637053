/** What the tests of one SDK package get: a service that they share, and a resource group of their own. */
import type { clients } from '../sdk.ts';
import type { ServiceUnderTest } from '../service.ts';

export interface SdkSuite {
  readonly service: ServiceUnderTest;
  readonly sdk: ReturnType<typeof clients>;
}

/** Names come in no promised order. */
export async function namesOf(items: AsyncIterable<{ readonly name?: string }>): Promise<readonly string[]> {
  return (await Array.fromAsync(items, ({ name }) => name ?? '')).toSorted();
}

export function groupId({ service }: SdkSuite, group: string): string {
  return `/subscriptions/${service.subscriptionId}/resourceGroups/${group}`;
}
