/**
 * SSH host keys for a machine that is not booted but woken. They are made on the host, where that costs a millisecond.
 * The two types are the ones that every OpenSSH of the last decade loads and that are cheap to make and to use;
 * RSA is left out, because making a key takes up to a second and no client of a build VM needs it.
 */
import { generateKeyPairSync } from 'node:crypto';
import { generateSshKeyPair, keyBlobOf } from '../ssh/key-pair.ts';

export interface HostKey {
  /** As in the file name `ssh_host_<type>_key`. */
  readonly type: 'ed25519' | 'ecdsa';
  /** The content of that file. */
  readonly privateKey: string;
  /** One line: type, blob, comment. */
  readonly publicKey: string;
}

const CURVE = 'nistp256';

/** One key of each type; `hostName` goes into the comments. */
export function newHostKeys(hostName: string): readonly HostKey[] {
  const comment = `root@${hostName}`;
  return [{ type: 'ed25519', ...generateSshKeyPair(comment) }, newEcdsaKey(comment)];
}

/** Tells whether a raw public key blob, as a server shows it, is one of `keys`. For `SshConnectOptions.hostKey`. */
export function isOneOf(keys: readonly HostKey[]): (blob: Buffer) => boolean {
  const known = keys.map(({ publicKey }) => Buffer.from(keyBlobOf(publicKey), 'base64'));
  return (blob) => known.some((key) => key.equals(blob));
}

/** Private key as in RFC 5915 (SEC 1), public line as in RFC 5656 section 3.1. */
function newEcdsaKey(comment: string): HostKey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const name = `ecdsa-sha2-${CURVE}`;
  const blob = Buffer.concat([name, CURVE, point].map(field));
  return {
    type: 'ecdsa',
    privateKey: pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    publicKey: `${name} ${blob.toString('base64')} ${comment}`,
  };
}

/** `string` of RFC 4251 section 5. */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
