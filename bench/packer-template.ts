/**
 * The reference template for Packer's QEMU builder: the same base image, firmware, CPU model, accelerator,
 * CPUs and memory, and the same scripts; the rest is what Packer does by default.
 */

export interface PackerSetup {
  /** The raw base image. */
  readonly baseImage: string;
  /** NoCloud seed with the login user and its key. */
  readonly seedDisc: string;
  readonly userName: string;
  readonly privateKeyPath: string;
  readonly outputFolder: string;
  readonly accelerator: string;
  readonly cpuModel: string;
  readonly cpus: number;
  readonly memoryMib: number;
  /** Lines of each shell customizer. */
  readonly scripts: readonly (readonly string[])[];
}

export function packerTemplate(setup: PackerSetup): object {
  return {
    builders: [
      {
        type: 'qemu',
        vm_name: 'bench',
        disk_image: true,
        iso_url: setup.baseImage,
        iso_checksum: 'none',
        format: 'qcow2',
        disk_interface: 'virtio',
        net_device: 'virtio-net',
        accelerator: setup.accelerator,
        cpus: setup.cpus,
        memory: setup.memoryMib,
        qemuargs: [
          ['-cpu', setup.cpuModel],
          ['-cdrom', setup.seedDisc],
        ],
        headless: true,
        output_directory: setup.outputFolder,
        communicator: 'ssh',
        ssh_username: setup.userName,
        ssh_private_key_file: setup.privateKeyPath,
        ssh_timeout: '20m',
        shutdown_command: "sudo sh -c 'waagent -force -deprovision; systemctl poweroff'",
      },
    ],
    provisioners: setup.scripts.map((inline) => ({ type: 'shell', inline_shebang: '/bin/sh -e', inline })),
  };
}
