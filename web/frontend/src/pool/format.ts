// Numbers in words for the panel.

/** How many digits after the point tell multiples of a step apart. */
function digits(step: number): number {
  const exact = -Math.floor(Math.log10(step) + 1e-9);
  return Math.min(3, Math.max(0, exact));
}

/**
 * A duration in ms as a person reads it: "340 µs", "12 ms", "1.4 s", "2 min 5 s".
 * With a step, in ms, durations that are that far apart read differently.
 */
export function duration(ms: number, step?: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000)
    return `${ms.toFixed(step ? digits(step) : ms < 10 ? 1 : 0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95)
    return `${seconds.toFixed(step ? digits(step / 1000) : seconds < 10 ? 1 : 0)} s`;
  // Rounded first, so that there are never 60 seconds.
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  if (minutes < 60) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(count: number): string {
  if (count < 1e6) return `${Math.round(count / 1e3)} kB`;
  if (count < 1e9) return `${Math.round(count / 1e6)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

export function number(value: number): string {
  return value.toLocaleString('en');
}
