/** A figure to reach, beside what was measured. `show` turns a number into text with its unit. */
export function atMost(figure, measured, limit, show) {
  return {
    figure,
    target: `at most ${show(limit)}`,
    measured: show(measured),
    reached: measured <= limit,
  }
}

export function atLeast(figure, measured, limit, show) {
  return {
    figure,
    target: `at least ${show(limit)}`,
    measured: show(measured),
    reached: measured >= limit,
  }
}

export function below(figure, measured, limit, show) {
  return {
    figure,
    target: `below ${show(limit)}`,
    measured: show(measured),
    reached: measured < limit,
  }
}

export function between(figure, measured, [least, most], show) {
  return {
    figure,
    target: `${show(least)} to ${show(most)}`,
    measured: show(measured),
    reached: measured >= least && measured <= most,
  }
}
