/** An entry of the activity log as `Microsoft.Insights` shows it (api-version 2015-04-01, `EventData`). */
import { STATUS_CODES } from 'node:http';
import type { ActivityEntry } from '../../store/activity/activity.ts';

/** `Accepted`: the write goes on after its answer. */
export function activityStatus({
  status,
}: Pick<ActivityEntry, 'status'>): 'Accepted' | 'Succeeded' | 'Failed' {
  if (status >= 400) return 'Failed';
  return status === 202 ? 'Accepted' : 'Succeeded';
}

export function activityWire(entry: ActivityEntry): object {
  const { id, time, action, resourceId, subscriptionId, resourceGroup, namespace, caller } = entry;
  const failed = entry.status >= 400;
  const phrase = STATUS_CODES[entry.status] ?? '';
  const message = { error: { code: entry.errorCode, message: entry.errorMessage } };
  return {
    id: `${resourceId}/events/${id}/ticks/${Date.parse(time)}`,
    eventDataId: id,
    authorization: { action, scope: resourceId },
    caller: caller.name,
    claims: { appid: caller.name, oid: caller.objectId, tid: caller.tenantId },
    category: named('Administrative'),
    channels: 'Operation',
    correlationId: entry.correlationId,
    operationId: entry.requestId,
    eventName: named('EndRequest', 'End request'),
    eventTimestamp: time,
    submissionTimestamp: time,
    httpRequest: { clientRequestId: entry.requestId, method: entry.method },
    level: failed ? 'Error' : 'Informational',
    operationName: named(action),
    properties: {
      statusCode: phrase.replaceAll(' ', ''),
      entity: resourceId,
      ...(failed ? { statusMessage: JSON.stringify(message) } : {}),
    },
    resourceGroupName: resourceGroup ?? '',
    resourceId,
    resourceProviderName: named(namespace),
    resourceType: named(
      action
        .split('/')
        .slice(0, -1)
        .join('/')
        .replace(/\/action$/, ''),
    ),
    status: named(activityStatus(entry)),
    subStatus: named(phrase.replaceAll(' ', ''), `${phrase} (HTTP Status Code: ${entry.status})`),
    subscriptionId: subscriptionId ?? '',
    tenantId: caller.tenantId,
    eventSource: named('Administrative'),
  };
}

function named(value: string, localizedValue = value): object {
  return { value, localizedValue };
}
