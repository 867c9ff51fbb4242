import { existsSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Linux has the control groups for CPU time, of version 1 or 2. */
const ROOT = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'].find((path) =>
  ['cpu.cfs_quota_us', 'cgroup.controllers'].some((file) => existsSync(join(path, file))),
)

/** Whether this machine lets us limit the CPU time of processes, as a container does. */
export function canLimitCpu(): boolean {
  try {
    new CpuQuota(100).remove()
    return true
  } catch {
    return false
  }
}

/** A control group whose processes together get a share of one CPU. */
export class CpuQuota {
  readonly #directory: string

  /** @throws if this machine does not let us. */
  constructor(percent: number) {
    if (ROOT === undefined) throw new Error('there are no control groups')
    this.#directory = mkdtempSync(join(ROOT, 'spanprof-test-'))
    const quotaMicros = String(percent * 1000)
    if (existsSync(join(this.#directory, 'cpu.cfs_quota_us'))) {
      writeFileSync(join(this.#directory, 'cpu.cfs_period_us'), '100000')
      writeFileSync(join(this.#directory, 'cpu.cfs_quota_us'), quotaMicros)
    } else {
      writeFileSync(join(this.#directory, 'cpu.max'), `${quotaMicros} 100000`)
    }
  }

  /** For Node.js, to start within the group. */
  get nodeArgs(): string[] {
    const file = JSON.stringify(join(this.#directory, 'cgroup.procs'))
    const enter = `process.getBuiltinModule('fs').writeFileSync(${file}, String(process.pid))`
    return ['--import', `data:text/javascript,${encodeURIComponent(enter)}`]
  }

  /** After its processes have ended. */
  remove(): void {
    rmdirSync(this.#directory)
  }
}
