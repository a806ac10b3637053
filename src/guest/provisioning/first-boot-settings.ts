/**
 * cloud-config for the build VM alone, so that its first boot does less. It is user data of this one
 * instance: a machine made from the finished image is a new instance and starts from the image's own
 * configuration, with every module and every key type.
 */
const firstBootSettings: Readonly<Record<string, unknown>> = {
  // The build VM's host keys are deleted when it is generalized; one is enough to log in. Making an RSA
  // key takes seconds under emulation.
  ssh_genkeytypes: ['ed25519'],
  // Printing fingerprints and keys on the console is for people who log in by hand.
  no_ssh_fingerprints: true,
  ssh: { emit_keys_to_console: false },
  // Users, keys, network and the growth of the disk belong to the init stage, which ends before SSH starts.
  // What the later stages do (package sources, locale, scripts) is done on every machine made from the
  // image; here they would only compete with the first customizer for the package manager and the CPU.
  cloud_config_modules: [],
  cloud_final_modules: [],
};

/** Stands in the user data, so that one can see in a guest whether it was taken. */
export const FIRST_BOOT_MARK = 'goldsmith-first-boot';

/** @param growDisk false when the disk is as large as its source: looking for room takes seconds under emulation. */
export function settingsFor(growDisk: boolean): Readonly<Record<string, unknown>> {
  return growDisk
    ? firstBootSettings
    : { ...firstBootSettings, growpart: { mode: 'off' }, resize_rootfs: false };
}

/** The settings as user data. */
export function firstBootUserData(growDisk: boolean): string {
  return `#cloud-config\n# ${FIRST_BOOT_MARK}\n${JSON.stringify(settingsFor(growDisk))}\n`;
}
