export function randomBelow(end) {
  return Math.floor(Math.random() * end)
}
