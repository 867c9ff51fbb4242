/** Until V8 has compiled most of what a program is going to run. */
export const WARM_UP_MILLIS = 6_000
