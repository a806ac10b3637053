/** One SSH key pair per build, in OpenSSH's formats. Nothing here touches a disk. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';

export interface SshKeyPair {
  /** One line as in `authorized_keys`: `ssh-ed25519 <base64> <comment>`. */
  readonly publicKey: string;
  /** `-----BEGIN OPENSSH PRIVATE KEY-----` …, without a passphrase. */
  readonly privateKey: string;
}

const KEY_TYPE = 'ssh-ed25519';

/**
 * Makes an ed25519 key pair: the public line of RFC 4253 section 6.6 and RFC 8709, the private key in the
 * `openssh-key-v1` layout of OpenSSH's PROTOCOL.key. Encoded here from the raw 32-byte values, because
 * key bytes that begin with zero must not be shortened.
 */
export function generateSshKeyPair(comment = 'goldsmith-build'): SshKeyPair {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const publicBytes = Buffer.from(jwk.x ?? '', 'base64url');
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const publicBlob = Buffer.concat([field(KEY_TYPE), field(publicBytes)]);
  return {
    publicKey: `${KEY_TYPE} ${publicBlob.toString('base64')} ${comment}`,
    privateKey: pem(privateContainer(publicBlob, publicBytes, seed, comment)),
  };
}

/** The base64 part of a public key line: what identifies the key wherever it was copied to. */
export function keyBlobOf(publicKey: string): string {
  const blob = publicKey.split(' ')[1];
  if (blob === undefined || !/^[A-Za-z0-9+/=]+$/.test(blob)) throw new TypeError('not a public key line');
  return blob;
}

function privateContainer(publicBlob: Buffer, publicBytes: Buffer, seed: Buffer, comment: string): Buffer {
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    field(KEY_TYPE),
    field(publicBytes),
    field(Buffer.concat([seed, publicBytes])),
    field(comment),
  ]);
  const paddingBytes = (8 - (secret.length % 8)) % 8;
  const padding = Buffer.from(Array.from({ length: paddingBytes }, (_, index) => index + 1));
  return Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'), // cipher
    field('none'), // key derivation
    field(''), // its options
    uint32(1), // number of keys
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
}

/** `string` of RFC 4251 section 5: length, then bytes. */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function pem(container: Buffer): string {
  const lines = container.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}
