/** Parts of a reply that tests look at. */
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ArmReply } from '../resource-provider.ts';

/** The body as it goes over the wire. */
export function bodyOf({ body }: ArmReply): JsonObject {
  const parsed: unknown = body === undefined ? undefined : JSON.parse(JSON.stringify(body));
  return isJsonObject(parsed) ? parsed : {};
}

/** `properties` of the body. */
export function propertiesOf(reply: ArmReply): JsonObject {
  const { properties } = bodyOf(reply);
  return isJsonObject(properties) ? properties : {};
}

/** The items of a list. */
export function valueOf(reply: ArmReply): readonly JsonObject[] {
  const { value } = bodyOf(reply);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The code of an error; empty for a success. */
export function codeOf(reply: ArmReply): string {
  const { error } = bodyOf(reply);
  const code = isJsonObject(error) ? error['code'] : undefined;
  return typeof code === 'string' ? code : '';
}

/** The message of an error; empty for a success. */
export function messageOf(reply: ArmReply): string {
  const { error } = bodyOf(reply);
  const message = isJsonObject(error) ? error['message'] : undefined;
  return typeof message === 'string' ? message : '';
}
