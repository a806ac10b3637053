/** Who a build VM is, as the platform tells the guest. */

export interface ProvisioningIdentity {
  /** SMBIOS system UUID, lower-case; cloud-init takes it as the instance id. */
  readonly vmId: string;
  /** Resource name of the VM. */
  readonly vmName: string;
  readonly hostName: string;
  /** The user that the agent makes, with password-less sudo. */
  readonly userName: string;
  /** One line, OpenSSH format: `ssh-ed25519 AAAA...`. */
  readonly sshPublicKey: string;
  /** Lower-case, colons. */
  readonly macAddress: string;
  /** IPv4 address that DHCP gives it. */
  readonly address: string;
  readonly vmSize: string;
  readonly location: string;
}
