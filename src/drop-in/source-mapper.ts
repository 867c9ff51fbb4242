/**
 * Takes the place of the class of that name in `@pyroscope/nodejs`, which reads the source maps of whole
 * directories at the start. Here they are found when they are needed, from what the code itself says.
 */
export class SourceMapper {
  /** Where maps were to be looked for. Nothing is read there. */
  readonly searchDirs: readonly string[]

  constructor(searchDirs: readonly string[] = []) {
    this.searchDirs = searchDirs
  }

  /** @param _debug without effect. */
  static async create(searchDirs: readonly string[], _debug = false): Promise<SourceMapper> {
    return new SourceMapper(searchDirs)
  }
}
