/** Who asks: the claims of a token that was checked. */
import type { PrincipalType } from '../store/records.ts';

export interface Principal {
  /** `oid`: what role assignments name. */
  readonly objectId: string;
  readonly tenantId: string;
  /** `appid`, or the user's name; what `systemData.createdBy` shows. */
  readonly name: string;
  readonly type: PrincipalType;
}
