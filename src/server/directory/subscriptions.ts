/** The subscriptions of the tenant, and which namespaces each is registered to use. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import type { SettingsRepository } from '../../store/store.ts';
import { recent } from './recent.ts';

export interface Subscription {
  readonly subscriptionId: string;
  readonly displayName: string;
}

export type RegistrationState = 'Registered' | 'NotRegistered';

export interface Subscriptions {
  list(): Promise<readonly Subscription[]>;
  /** Ids compare without regard to case. */
  get(subscriptionId: string): Promise<Subscription | undefined>;
  /** The first subscription, made when there is none. */
  ensureFirst(displayName: string): Promise<Subscription>;
  /** What was asked for; undefined: whatever the provider starts with. */
  registration(subscriptionId: string, namespace: string): Promise<RegistrationState | undefined>;
  setRegistration(subscriptionId: string, namespace: string, state: RegistrationState): Promise<void>;
}

const subscriptionPrefix = 'subscription/';
const registrationPrefix = 'registration/';
const maxAgeMs = 5_000;

export function createSubscriptions(options: {
  readonly settings: SettingsRepository;
  /** Milliseconds that never go backwards. */
  readonly nowMs: () => number;
}): Subscriptions {
  const { settings, nowMs } = options;
  const subscriptions = recent(maxAgeMs, nowMs, async () =>
    (await settings.list(subscriptionPrefix)).map(({ value }) => readSubscription(value)),
  );
  const registrations = recent(
    maxAgeMs,
    nowMs,
    async () =>
      new Map((await settings.list(registrationPrefix)).map(({ key, value }) => [key, value['state']])),
  );
  return {
    list: async () => subscriptions.get(),
    get: async (subscriptionId) => {
      const key = subscriptionId.toLowerCase();
      return (await subscriptions.get()).find((entry) => entry.subscriptionId.toLowerCase() === key);
    },
    ensureFirst: async (displayName) => {
      // One key for the first one, so that two servers that start together make one subscription.
      const value = { subscriptionId: randomUUID(), displayName };
      const stored = await settings.insertIfAbsent(`${subscriptionPrefix}first`, value);
      subscriptions.forget();
      return readSubscription(stored);
    },
    registration: async (subscriptionId, namespace) => {
      const state = (await registrations.get()).get(registrationKey(subscriptionId, namespace));
      return state === 'Registered' || state === 'NotRegistered' ? state : undefined;
    },
    setRegistration: async (subscriptionId, namespace, state) => {
      await settings.put(registrationKey(subscriptionId, namespace), { state });
      registrations.forget();
    },
  };
}

function readSubscription({ subscriptionId, displayName }: JsonObject): Subscription {
  if (typeof subscriptionId !== 'string' || typeof displayName !== 'string') {
    throw new Error('A stored subscription is damaged');
  }
  return { subscriptionId, displayName };
}

function registrationKey(subscriptionId: string, namespace: string): string {
  return `${registrationPrefix}${subscriptionId}/${namespace}`.toLowerCase();
}
