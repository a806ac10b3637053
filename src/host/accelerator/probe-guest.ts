/**
 * The smallest guest that tells a working accelerator from one that only opens: a 512-byte boot sector. The
 * firmware loads it at 0x7c00 in real mode; it turns on paging and long mode, asks CPUID for CMPXCHG16B, does a
 * locked 16-byte compare-exchange in memory (every 64-bit Linux kernel does this while booting, and a broken
 * nested KVM dies on it), says so on the first serial port and ends QEMU through `isa-debug-exit`.
 *
 * Encodings: Intel SDM volume 2; mode switch: volume 3 section 9.8.5; page tables: volume 3 section 4.5.
 */

/** What a good guest prints on its serial port (0x3f8). */
export const PROBE_MARKER = 'GOLDSMITH-PROBE-OK';
/** I/O port that the guest's `isa-debug-exit` device must have. */
export const PROBE_EXIT_PORT = 0xf4;
/** QEMU's exit code when the guest passed: `isa-debug-exit` makes `(value << 1) | 1` of 0x10. */
export const PROBE_PASSED_EXIT = 33;
/** QEMU's exit code when the guest ran, but the CPU lacks the instruction or it gave a wrong result (0x20). */
export const PROBE_FAILED_EXIT = 65;

const SECTOR_BYTES = 512;
/** Where the three descriptors begin in the sector: a multiple of 8, right behind the code. */
const GDT_OFFSET = 0xb8;
const GDT_POINTER_OFFSET = 0xd0;
const MARKER_OFFSET = 0xd6;

// prettier-ignore
const code = [
  // 7c00, 16-bit: known segments and a stack below us
  0xfa,                                     // cli
  0x66, 0x31, 0xc0,                         // xor   eax, eax
  0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0,       // mov   ds, ax / es, ax / ss, ax
  0xbc, 0x00, 0x7c,                         // mov   sp, 0x7c00
  // zero 0x1000..0x5fff: three page tables and the operand of the exchange
  0xfc,                                     // cld
  0xbf, 0x00, 0x10,                         // mov   di, 0x1000
  0xb9, 0x00, 0x28,                         // mov   cx, 0x2800
  0xf3, 0xab,                               // rep   stosw
  // identity map of the first 2 MiB: PML4 -> PDPT -> one large page
  0xc7, 0x06, 0x00, 0x10, 0x03, 0x20,       // mov   word [0x1000], 0x2003
  0xc7, 0x06, 0x00, 0x20, 0x03, 0x30,       // mov   word [0x2000], 0x3003
  0xc7, 0x06, 0x00, 0x30, 0x83, 0x00,       // mov   word [0x3000], 0x0083
  // CR4.PAE, CR3, EFER.LME, then CR0.PG|PE: straight from real mode into long mode
  0x66, 0xb8, 0x20, 0x00, 0x00, 0x00,       // mov   eax, 0x20
  0x0f, 0x22, 0xe0,                         // mov   cr4, eax
  0x66, 0xb8, 0x00, 0x10, 0x00, 0x00,       // mov   eax, 0x1000
  0x0f, 0x22, 0xd8,                         // mov   cr3, eax
  0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0,       // mov   ecx, 0xc0000080
  0x0f, 0x32,                               // rdmsr
  0x80, 0xcc, 0x01,                         // or    ah, 1
  0x0f, 0x30,                               // wrmsr
  0x66, 0x0f, 0x01, 0x16, 0xd0, 0x7c,       // lgdt  [0x7cd0]
  0x0f, 0x20, 0xc0,                         // mov   eax, cr0
  0x66, 0x0d, 0x01, 0x00, 0x00, 0x80,       // or    eax, 0x80000001
  0x0f, 0x22, 0xc0,                         // mov   cr0, eax
  0xea, 0x5e, 0x7c, 0x08, 0x00,             // jmp   0x08:0x7c5e
  // 7c5e, 64-bit
  0x66, 0xb8, 0x10, 0x00,                   // mov   ax, 0x10
  0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0,       // mov   ds, ax / es, ax / ss, ax
  0xb8, 0x01, 0x00, 0x00, 0x00,             // mov   eax, 1
  0x0f, 0xa2,                               // cpuid
  0x0f, 0xba, 0xe1, 0x0d,                   // bt    ecx, 13            (CMPXCHG16B)
  0x73, 0x35,                               // jnc   fail
  0xbf, 0x00, 0x40, 0x00, 0x00,             // mov   edi, 0x4000
  0x31, 0xc0, 0x31, 0xd2,                   // xor   eax, eax / edx, edx
  0xbb, 0x01, 0x00, 0x00, 0x00,             // mov   ebx, 1
  0xb9, 0x02, 0x00, 0x00, 0x00,             // mov   ecx, 2
  0xf0, 0x48, 0x0f, 0xc7, 0x0f,             // lock  cmpxchg16b [rdi]   (0:0 becomes 2:1)
  0x75, 0x1b,                               // jnz   fail
  0x83, 0x3f, 0x01,                         // cmp   dword [rdi], 1
  0x75, 0x16,                               // jne   fail
  // say it on the serial port
  0xba, 0xf8, 0x03, 0x00, 0x00,             // mov   edx, 0x3f8
  0xbe, 0xd6, 0x7c, 0x00, 0x00,             // mov   esi, 0x7cd6
  0xac,                                     // next: lodsb
  0x84, 0xc0,                               // test  al, al
  0x74, 0x03,                               // jz    done
  0xee,                                     // out   dx, al
  0xeb, 0xf8,                               // jmp   next
  0xb0, 0x10, 0xe6, 0xf4,                   // done: mov al, 0x10 / out 0xf4, al
  0xb0, 0x20, 0xe6, 0xf4,                   // fail: mov al, 0x20 / out 0xf4, al
  0xf4, 0xeb, 0xfd,                         // halt: hlt / jmp halt
] as const;

/** The boot sector, 512 bytes with the 0x55aa signature: a complete raw disk image. */
export function probeBootSector(): Uint8Array {
  const sector = new Uint8Array(SECTOR_BYTES);
  sector.set(code, 0);
  const view = new DataView(sector.buffer);
  view.setBigUint64(GDT_OFFSET + 8, 0x0020_9a00_0000_0000n, true); // selector 0x08: 64-bit code
  view.setBigUint64(GDT_OFFSET + 16, 0x0000_9200_0000_0000n, true); // selector 0x10: data
  view.setUint16(GDT_POINTER_OFFSET, 3 * 8 - 1, true);
  view.setUint32(GDT_POINTER_OFFSET + 2, 0x7c00 + GDT_OFFSET, true);
  sector.set(new TextEncoder().encode(`${PROBE_MARKER}\r\n\0`), MARKER_OFFSET);
  sector.set([0x55, 0xaa], SECTOR_BYTES - 2);
  return sector;
}
