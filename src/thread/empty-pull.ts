/** Said of a first pull that is not read; once to whom pulls are so far apart that each is a first. */
export const EMPTY_PULL =
  'the heap is sampled from its first pull on, which is therefore empty (reading it would be a full garbage collection): pull at least once a minute, or start a profiler with heap: true'
