/**
 * What GRUB's menu would start when nobody touches it. Only menus of the plain form that Debian's update-grub and
 * our own recipes write are understood: one kernel, one initial RAM disk, no expressions. For anything else the
 * answer is undefined, and a firmware has to find out by running GRUB.
 */

export interface MenuEntry {
  /** Absolute path of the kernel in the file system that holds the menu; of plain characters only. */
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** File system UUID after `root=UUID=`, lower case. */
  readonly rootUuid: string;
  /** Printable ASCII on one line. */
  readonly commandLine: string;
}

/** The kernel's COMMAND_LINE_SIZE on x86 is 2048; the rest is for parameters of the caller. */
const COMMAND_LINE_LIMIT = 1024;

/** `set default` with any other value, or commands that make menus in other ways, need GRUB itself. */
const DEFAULT_ENTRY = /^\s*set\s+default=(.*)$/gm;
const FIRST_ENTRY_VALUES = ['0', '"0"', "'0'", '"${next_entry}"'];
const OTHER_MENUS = /^\s*(?:blscfg|bls_import|configfile|chainloader|multiboot2?|loadfont_menu)\b/m;

/** The first entry of `config` (a grub.cfg), when it is the default and of the plain form. */
export function defaultEntry(config: string): MenuEntry | undefined {
  if (OTHER_MENUS.test(config)) return undefined;
  const defaults = [...config.matchAll(DEFAULT_ENTRY)].map((match) => (match[1] ?? '').trim());
  if (!defaults.every((value) => FIRST_ENTRY_VALUES.includes(value))) return undefined;
  const block = firstBlock(config);
  if (block === undefined) return undefined;
  const kernel = onlyCommand(block, /^(?:linux|linux16|linuxefi)$/);
  const initrd = onlyCommand(block, /^(?:initrd|initrd16|initrdefi)$/);
  if (kernel === undefined || initrd === undefined || initrd.length !== 1) return undefined;
  const [kernelPath, ...parameters] = kernel;
  const [initrdPath] = initrd;
  const commandLine = parameters.join(' ');
  const rootUuid = rootOf(parameters);
  if (!isPlainPath(kernelPath) || !isPlainPath(initrdPath) || rootUuid === undefined) return undefined;
  if (!isPlainCommandLine(commandLine)) return undefined;
  return { kernelPath, initrdPath, rootUuid, commandLine };
}

/** Absolute, of characters that mean nothing to any program that reads it, and without `..`. */
export function isPlainPath(path: string | undefined): path is string {
  return path !== undefined && /^(?:\/[A-Za-z0-9_][A-Za-z0-9._+~-]*){1,8}$/.test(path) && path.length <= 255;
}

/** Lines of the first menu entry. A submenu in front of it would be the default instead. */
function firstBlock(config: string): readonly string[] | undefined {
  const lines = config.split('\n');
  const start = lines.findIndex((line) => /^\s*(?:menuentry|submenu)\s/.test(line));
  const opening = lines[start];
  if (opening === undefined || !/^\s*menuentry\s.*\{\s*$/.test(opening)) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => /^\s*\}\s*$/.test(line));
  return length < 0 ? undefined : lines.slice(start + 1, start + 1 + length);
}

/** Words after the only command whose name matches; undefined when there are none or several. */
function onlyCommand(block: readonly string[], name: RegExp): readonly string[] | undefined {
  const found = block
    .map((line) => line.trim().split(/[ \t]+/))
    .filter(([command = '']) => name.test(command));
  return found.length === 1 ? found[0]?.slice(1) : undefined;
}

function rootOf(parameters: readonly string[]): string | undefined {
  const roots = parameters.filter((word) => word.startsWith('root='));
  if (roots.length !== 1) return undefined;
  return /^root=UUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
    .exec(roots[0] ?? '')?.[1]
    ?.toLowerCase();
}

/** Variables, quotes and escapes of GRUB's language do not belong to a plain line. */
function isPlainCommandLine(line: string): boolean {
  return line.length <= COMMAND_LINE_LIMIT && /^[\x20-\x7e]*$/.test(line) && !/["'\\$`;|&<>{}]/.test(line);
}
