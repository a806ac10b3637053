/**
 * The private certificate authority of a data folder and the certificate that its servers show. Made at the first
 * start; the server's is renewed before it ends and when the names change, so clients go on trusting the same CA.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { writeFileAtomic } from '../../host/atomic-file.ts';

export interface TlsIdentity {
  /** PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
  /** Names and addresses that the certificate is good for. */
  readonly names: readonly string[];
  readonly files: TlsFiles;
}

export interface TlsFiles {
  /** What clients must trust. */
  readonly authority: string;
  /** The same and the public authorities, for clients that can be given one file only. */
  readonly bundle: string;
  readonly certificate: string;
  /** Mode 0600. */
  readonly privateKey: string;
}

export interface TlsIdentityOptions {
  /** Made when it is missing, mode 0700. */
  readonly folder: string;
  /** Names beyond those of this machine. */
  readonly extraNames?: readonly string[];
  readonly now: () => Date;
}

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
/** What public authorities may issue at most, and what Apple's clients accept. */
const serverDays = 397;
const renewBeforeDays = 30;
/** Clocks of clients may be behind ours. */
const backdateMs = dayMs;

/** Names under which a service on this machine is reached. */
export function machineNames(): readonly string[] {
  // OpenSSL takes no wildcard directly below a top-level name, so the storage form stands on its own.
  return ['localhost', hostname().toLowerCase(), '*.localhost', '*.blob.localhost', '127.0.0.1', '::1'];
}

/** The files of `folder`, made or renewed as needed. */
export async function openTlsIdentity(options: TlsIdentityOptions): Promise<TlsIdentity> {
  const { folder, extraNames = [], now } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files: TlsFiles = {
    authority: join(folder, 'ca.pem'),
    bundle: join(folder, 'ca-bundle.pem'),
    certificate: join(folder, 'server.pem'),
    privateKey: join(folder, 'server.key'),
  };
  const authorityKeyFile = join(folder, 'ca.key');
  const names = [...new Set([...machineNames(), ...extraNames.map((name) => name.toLowerCase())])];
  const nowMs = now().getTime();

  if (!lastsUntil(files.authority, authorityKeyFile, nowMs + serverDays * dayMs)) {
    const { createAuthority } = await import('./issue-certificate.ts');
    const made = await createAuthority(
      `Goldsmith private CA ${now().toISOString().slice(0, 10)}`,
      validity(nowMs, authorityDays),
    );
    writeFileAtomic(authorityKeyFile, made.privateKey, 0o600);
    writeFileAtomic(files.authority, made.certificate);
  }
  const authority = readFileSync(files.authority, 'utf8');
  const bundle = `${[authority.trim(), ...rootCertificates].join('\n')}\n`;
  if (!existsSync(files.bundle) || readFileSync(files.bundle, 'utf8') !== bundle) {
    writeFileAtomic(files.bundle, bundle);
  }

  const good =
    lastsUntil(files.certificate, files.privateKey, nowMs + renewBeforeDays * dayMs) &&
    isSignedFor(readFileSync(files.certificate, 'utf8'), authority, names);
  if (!good) {
    const { issueServerCertificate } = await import('./issue-certificate.ts');
    const signer = { certificate: authority, privateKey: readFileSync(authorityKeyFile, 'utf8') };
    const issued = await issueServerCertificate(signer, names, validity(nowMs, serverDays));
    writeFileAtomic(files.privateKey, issued.privateKey, 0o600);
    writeFileAtomic(files.certificate, issued.certificate);
  }
  return {
    authority,
    certificate: readFileSync(files.certificate, 'utf8'),
    privateKey: readFileSync(files.privateKey, 'utf8'),
    names,
    files,
  };
}

function validity(nowMs: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + days * dayMs) };
}

/** Whether certificate and key exist, belong together and are good from now until `untilMs`. */
function lastsUntil(certificateFile: string, keyFile: string, untilMs: number): boolean {
  if (!existsSync(certificateFile) || !existsSync(keyFile)) return false;
  try {
    const certificate = new X509Certificate(readFileSync(certificateFile));
    const key = createPrivateKey(readFileSync(keyFile));
    return certificate.checkPrivateKey(key) && certificate.validToDate.getTime() > untilMs;
  } catch {
    return false; // a file that OpenSSL cannot read is made anew
  }
}

function isSignedFor(certificate: string, authority: string, names: readonly string[]): boolean {
  const [server, ca] = [new X509Certificate(certificate), new X509Certificate(authority)];
  if (!server.verify(ca.publicKey)) return false;
  const shown = (server.subjectAltName ?? '').split(', ');
  return names.every(
    (name) => shown.includes(`DNS:${name}`) || shown.includes(`IP Address:${addressForm(name)}`),
  );
}

/** As OpenSSL prints it. */
function addressForm(name: string): string {
  return name === '::1' ? '0:0:0:0:0:0:0:1' : name;
}
