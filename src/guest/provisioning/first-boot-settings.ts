/**
 * cloud-config for the build VM alone, so that its first boot does less. It is user data of this one
 * instance: a machine made from the finished image is a new instance and starts from the image's own
 * configuration, with every module and every key type.
 */
export const firstBootSettings: Readonly<Record<string, unknown>> = {
  // The build VM's host keys are deleted when it is generalized; one is enough to log in. Making an RSA
  // key takes seconds under emulation.
  ssh_genkeytypes: ['ed25519'],
  // Printing fingerprints and keys on the console is for people who log in by hand.
  no_ssh_fingerprints: true,
  ssh: { emit_keys_to_console: false },
};

/** The settings as user data. */
export function firstBootUserData(): string {
  return `#cloud-config\n${JSON.stringify(firstBootSettings)}\n`;
}
