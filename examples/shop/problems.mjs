/** What is not as it should be after a run, in sentences; nothing when all is well. */
export function problems({ requests, traced, workMillis, wrongMillis }) {
  const all = []
  if (requests === 0) all.push('no request arrived')
  if (traced < requests)
    all.push(`${requests - traced} requests without a span named after their route`)
  if (workMillis === 0) all.push('the profile contains none of the work')
  if (wrongMillis > 0) all.push(`${wrongMillis.toFixed(1)} ms of work with wrong labels`)
  return all
}
