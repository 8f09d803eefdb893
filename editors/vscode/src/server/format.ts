/** What platform a program was built for, from its first bytes. */

/** How many bytes are looked at. */
export const HEAD = 20;

/** The number of an ELF file's machine, by the names of Node. */
const MACHINES: Readonly<Partial<Record<string, number>>> = { ia32: 3, arm: 40, x64: 62, arm64: 183 };

/**
 * Whether a program with these first bytes was built for another platform. Systems do not always say so: some hand what they
 * cannot load to a shell, which finds nonsense.
 */
export function isForeign(head: Uint8Array, platform: NodeJS.Platform, arch: string): boolean {
  const bytes = Buffer.from(head);
  const isElf = bytes.subarray(0, 4).toString("latin1") === "\x7fELF";
  const isWindows = bytes.subarray(0, 2).toString("latin1") === "MZ";
  const magic = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  const isMac = [0xcffaedfe, 0xcefaedfe, 0xcafebabe].includes(magic);
  switch (platform) {
    case "win32":
      return isElf || isMac;
    case "darwin":
      return isElf || isWindows;
    default: {
      const machine = MACHINES[arch];
      const isOfAnother = isElf && bytes.length >= HEAD && machine !== undefined && bytes.readUInt16LE(18) !== machine;
      return isWindows || isMac || isOfAnother;
    }
  }
}
