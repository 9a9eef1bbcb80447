// The tasks of the timeline in columns, a lane for each worker. A hundred
// thousand of them take 3 MB and are found by binary search.

/** How many tasks are kept; older ones are forgotten in whole batches. */
const LIMIT = 200_000;

/** What happened in one lane, ordered by start. */
export class Lane {
  /** Start and end in ms since the epoch. */
  start = new Float64Array(64);
  end = new Float64Array(64);
  job = new Float64Array(64);
  item = new Int32Array(64);
  count = new Int32Array(64);
  /** The time in ms that tasks before this one have taken together. */
  taken = new Float64Array(64);
  length = 0;
  /** Errors by place, ascending; moves with the columns. */
  errors = new Map<number, string>();
  /** The places that have an error, ascending. */
  failures: number[] = [];

  add(
    start: number,
    end: number,
    job: number,
    item: number,
    count: number,
    error?: string
  ): void {
    if (this.length === this.start.length) this.grow();
    const i = this.length++;
    this.start[i] = start;
    this.end[i] = end;
    this.job[i] = job;
    this.item[i] = item;
    this.count[i] = count;
    this.taken[i] =
      i > 0 ? this.taken[i - 1]! + this.end[i - 1]! - this.start[i - 1]! : 0;
    if (error === undefined) return;
    this.errors.set(i, error);
    this.failures.push(i);
  }

  /** The first place whose task ends at or after a moment. */
  after(moment: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end[middle]! < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first place from another one on whose task starts at or after a moment. */
  starting(moment: number, from = 0): number {
    let step = 1;
    let low = from;
    while (low + step < this.length && this.start[low + step]! < moment) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, this.length);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start[middle]! < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The time in ms that the tasks from one place up to another took together. */
  busy(from: number, to: number): number {
    if (to <= from) return 0;
    const last = to - 1;
    return (
      this.taken[last]! -
      this.taken[from]! +
      this.end[last]! -
      this.start[last]!
    );
  }

  /** Forgets the older half. */
  halve(): number {
    const gone = this.length >> 1;
    for (const column of [
      this.start,
      this.end,
      this.job,
      this.item,
      this.count,
      this.taken
    ]) {
      column.copyWithin(0, gone, this.length);
    }
    this.length -= gone;
    this.errors = new Map(
      [...this.errors]
        .filter(([i]) => i >= gone)
        .map(([i, error]) => [i - gone, error])
    );
    this.failures = [...this.errors.keys()];
    return gone;
  }

  private grow(): void {
    const size = this.length * 2;
    const larger = <T extends Float64Array | Int32Array>(
      column: T,
      into: T
    ): T => {
      into.set(column);
      return into;
    };
    this.start = larger(this.start, new Float64Array(size));
    this.end = larger(this.end, new Float64Array(size));
    this.job = larger(this.job, new Float64Array(size));
    this.item = larger(this.item, new Int32Array(size));
    this.count = larger(this.count, new Int32Array(size));
    this.taken = larger(this.taken, new Float64Array(size));
  }
}

/** All lanes by the key of their worker. */
export class Tasks {
  readonly lanes = new Map<string, Lane>();
  length = 0;
  /** The span of all tasks in ms since the epoch; Infinity and -Infinity without any. */
  first = Infinity;
  last = -Infinity;

  lane(key: string): Lane {
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = new Lane()));
    return lane;
  }

  add(
    key: string,
    start: number,
    duration: number,
    job: number,
    item: number,
    count: number,
    error?: string
  ): void {
    this.lane(key).add(start, start + duration, job, item, count, error);
    this.first = Math.min(this.first, start);
    this.last = Math.max(this.last, start + duration);
    if (++this.length > LIMIT) {
      for (const lane of this.lanes.values()) this.length -= lane.halve();
    }
  }

  clear(): void {
    this.lanes.clear();
    this.length = 0;
    this.first = Infinity;
    this.last = -Infinity;
  }
}
