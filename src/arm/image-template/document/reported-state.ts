/**
 * What the service reports inside `properties`, in the words of each api-version: a state that an older version
 * has no word for is told as the nearest one it has (reference 1.1, 1.4).
 */
import type { JsonObject, JsonValue } from '../../../model/json.ts';
import type { ApiVersion } from '../../api-versions/supported.ts';
import { changeField, changeObject } from './edit.ts';

/** `value` is told as `before` in versions older than `since`. */
interface NewWord {
  readonly value: string;
  readonly since: ApiVersion;
  readonly before: string;
}

const provisioningStates: readonly NewWord[] = [{ value: 'Canceled', since: '2023-07-01', before: 'Failed' }];
const runSubStates: readonly NewWord[] = [
  { value: 'Optimizing', since: '2022-07-01', before: 'Customizing' },
  { value: 'Validating', since: '2022-02-14', before: 'Customizing' },
];
const provisioningErrorCodes: readonly NewWord[] = [
  'BadValidatorType',
  'UnsupportedValidatorType',
  'NoValidatorScript',
  'BadStagingResourceGroup',
].map((value) => ({ value, since: '2022-02-14', before: 'Other' }));

/** `properties` with the states of `apiVersion`. */
export function showReportedState(properties: JsonObject, apiVersion: ApiVersion): JsonObject {
  const say = (words: readonly NewWord[]) => (value: JsonValue) => {
    const word = words.find((candidate) => candidate.value === value && apiVersion < candidate.since);
    return word?.before ?? value;
  };
  const provisioned = changeField(properties, 'provisioningState', say(provisioningStates));
  const failed = changeObject(provisioned, 'provisioningError', (error) =>
    changeField(error, 'provisioningErrorCode', say(provisioningErrorCodes)),
  );
  return changeObject(failed, 'lastRunStatus', (status) =>
    changeField(status, 'runSubState', say(runSubStates)),
  );
}
