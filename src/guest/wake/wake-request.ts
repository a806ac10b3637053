/** What a woken copy is told about itself: everything that the frozen machine must not share with it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { GoldsmithError } from '../../model/errors.ts';
import { newHostKeys, type HostKey } from './host-keys.ts';

export interface WakeRequest {
  /** The host's wall clock, Unix milliseconds; read when the request is sent. */
  readonly now: () => number;
  /** Random bytes for the kernel's pool, 64 to 512. */
  readonly entropy: Buffer;
  /** 32 lower-case hexadecimal digits (machine-id(5)). */
  readonly machineId: string;
  /** A lower-case UUID. */
  readonly bootId: string;
  /** SMBIOS system UUID, lower-case. */
  readonly vmId: string;
  readonly hostName: string;
  /** Lower-case, colons. */
  readonly macAddress: string;
  /** IPv4, on the segment where the machine was. */
  readonly address: string;
  /** Whose `authorized_keys` is replaced. */
  readonly userName: string;
  /** One line as in `authorized_keys`. */
  readonly sshPublicKey: string;
  /** The types that the machine had are replaced; its keys of other types are removed. */
  readonly hostKeys: readonly HostKey[];
}

/** The part of a request that somebody decides; the rest is chance. */
export type WakeIdentity = Pick<
  WakeRequest,
  'vmId' | 'hostName' | 'macAddress' | 'address' | 'userName' | 'sshPublicKey' | 'now'
>;

const ENTROPY_BYTES = 64;

/** A request with new random bytes, ids and host keys. Use it for one machine only. */
export function newWakeRequest(identity: WakeIdentity): WakeRequest {
  const { now, vmId, hostName, macAddress, address, userName, sshPublicKey } = identity;
  return {
    ...{ now, vmId, hostName, macAddress, address, userName, sshPublicKey },
    entropy: randomBytes(ENTROPY_BYTES),
    machineId: randomUUID().replaceAll('-', ''),
    bootId: randomUUID(),
    hostKeys: newHostKeys(hostName),
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What each field may hold. The agent writes them into files of the guest as they are. */
const FORMS: Readonly<Record<string, RegExp>> = {
  machineId: /^[0-9a-f]{32}$/,
  bootId: UUID,
  vmId: UUID,
  hostName: /^[a-z0-9](?:[a-z0-9-]{0,62})$/,
  macAddress: /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/,
  address: /^\d{1,3}(?:\.\d{1,3}){3}$/,
  userName: /^[a-z_][a-z0-9_-]{0,31}$/,
  sshPublicKey: /^(?:ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+(?: [\x20-\x7e]*)?$/,
};

/**
 * The request as the content of a frame: one `name value` a line, values in base64, compressed (zlib, RFC 1950): each
 * byte costs an emulated serial port and its guest a tenth of a millisecond.
 * @throws GoldsmithError `Internal` for a value that its field cannot hold.
 */
export function encodeWakeRequest(request: WakeRequest): Buffer {
  const { machineId, bootId, vmId, hostName, macAddress, address, userName, sshPublicKey } = request;
  const texts = { machineId, bootId, vmId, hostName, macAddress, address, userName, sshPublicKey };
  for (const [name, value] of Object.entries(texts)) {
    if (FORMS[name]?.test(value) !== true)
      throw new GoldsmithError(
        'Internal',
        `A woken machine cannot have the ${name} ${JSON.stringify(value)}`,
      );
  }
  if (request.entropy.length < 64 || request.entropy.length > 512) {
    throw new GoldsmithError(
      'Internal',
      `${request.entropy.length} bytes of entropy are too few or too many`,
    );
  }
  const fields: [string, string | Buffer][] = [
    ...Object.entries(texts),
    ['entropy', request.entropy],
    ...request.hostKeys.flatMap(({ type, privateKey, publicKey }): [string, string][] => [
      [`hostKey.${type}`, privateKey],
      [`hostKey.${type}.pub`, `${publicKey}\n`],
    ]),
    ['clock', request.now().toFixed(3)], // last: it is the youngest
  ];
  return deflateSync(
    fields.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}\n`).join(''),
    { level: 9 },
  );
}
