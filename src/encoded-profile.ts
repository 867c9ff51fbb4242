import { writeFile } from 'node:fs/promises'

/** A finished profile as bytes. */
export interface EncodedProfile {
  /** The bytes of a `.pb.gz` file. */
  encode(): Uint8Array
  /** Writes a `.pb.gz` file, readable by its owner alone. */
  write(path: string): Promise<void>
}

export function toEncodedProfile(bytes: Uint8Array): EncodedProfile {
  return {
    encode: () => bytes.slice(),
    write: (path) => writeFile(path, bytes, { mode: 0o600 }),
  }
}
