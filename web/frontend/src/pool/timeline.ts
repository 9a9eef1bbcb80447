// The timeline: a lane for each worker, a bar for each task, on a canvas. What
// is seen is drawn anew for each picture. Bars narrower than a pixel are drawn
// as one column, as dark as the worker was busy, and found by search: the work
// is bounded by the pixels, not by the tasks.
import { duration, number } from './format';
import { type Colours, colours } from './look';
import type { PoolModel, Worker } from './model';
import type { Lane } from './tasks';

/** The height of a lane in CSS pixels: between these, as there is room. */
export const HIGHEST = 24;
export const LOWEST = 2;
/** The height from which a lane has its worker's numbers beside it. */
export const READABLE = 16;
/** The ruler above the lanes; it also shows how many workers were busy. */
export const RULER = 24;
/** The shortest span that is followed, in ms. */
const LEAST = 2000;
/** The shortest and the longest span that can be seen, in ms. */
const [CLOSEST, WIDEST] = [0.2, 7 * 86_400_000];
/** The width of a step in the line of busy workers, in CSS pixels. */
const STEP = 3;

/** A task that the pointer is on. */
export interface Hit {
  lane: Lane;
  index: number;
  worker: Worker;
}

/** What is seen; kept over a reload of the page. */
export interface Seen {
  from: number;
  to: number;
  live: boolean;
  span: number;
}

export class Timeline {
  /** The seen span, in ms since the epoch. */
  from = 0;
  to = 10_000;
  /** Whether the right edge is the kernel's present. */
  live = true;
  /** The height of a lane in CSS pixels. */
  height = HIGHEST;
  private span = 15_000;
  private readonly context: CanvasRenderingContext2D;
  private width = 1;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly model: PoolModel
  ) {
    this.context = canvas.getContext('2d')!;
  }

  get seen(): Seen {
    const { from, to, live, span } = this;
    return { from, to, live, span };
  }

  set seen({ from, to, live, span }: Seen) {
    if (!(to > from)) return;
    this.from = from;
    this.to = to;
    this.live = live;
    this.span = span;
  }

  /** The width of the seen span becomes another, around a place of the canvas; when live, around the present. */
  zoom(factor: number, x: number): void {
    const { width } = this;
    const at = this.live ? width : x;
    const moment = this.moment(at);
    const span = Math.min(
      Math.max((this.to - this.from) * factor, CLOSEST),
      WIDEST
    );
    this.from = moment - (span * at) / width;
    this.to = this.from + span;
    this.span = span;
  }

  /** Moves the seen span by a number of pixels; ends following. */
  pan(pixels: number): void {
    const shift = (pixels * (this.to - this.from)) / this.width;
    this.from += shift;
    this.to += shift;
    this.live = false;
  }

  /** Shows everything there is. */
  fit(): void {
    const { first, last } = this.model.tasks;
    if (!Number.isFinite(first)) return;
    const end = this.model.running.length
      ? Math.max(last, this.model.now())
      : last;
    const margin = Math.max((end - first) * 0.02, 0.1);
    this.from = first - margin;
    this.to = end + margin;
    this.span = this.to - this.from;
    this.live = false;
  }

  /** Goes on with the present at the right edge. */
  follow(): void {
    this.live = true;
    this.span = Math.min(Math.max(this.span, 1000), 3_600_000);
  }

  private moment(x: number): number {
    return this.from + (x / this.width) * (this.to - this.from);
  }

  /** The worker whose lane is at a height of the canvas. */
  workerAt(y: number, workers: Worker[], scrolled: number): Worker | undefined {
    if (y < RULER) return undefined;
    return workers[Math.floor((y - RULER + scrolled) / this.height)];
  }

  /** The task at a place of the canvas, a pixel or two beside it too. */
  hit(x: number, y: number, workers: Worker[], scrolled: number): Hit | null {
    const worker = this.workerAt(y, workers, scrolled);
    const lane = worker && this.model.tasks.lanes.get(worker.key);
    if (!lane) return null;
    const moment = this.moment(x);
    const near = (2 * (this.to - this.from)) / this.width;
    const index = lane.after(moment - near);
    if (index >= lane.length || lane.start[index]! > moment + near) return null;
    // Among those that are near, one that failed is what a person points at.
    const next = lane.failures[firstAtLeast(lane.failures, index)];
    const failed = next !== undefined && lane.start[next]! <= moment + near;
    return { lane, index: failed ? next : index, worker };
  }

  /** Draws the lanes of these workers, from a place of the list on. */
  draw(workers: Worker[], scrolled: number): void {
    const { canvas, context } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    this.width = width;
    const ratio = devicePixelRatio || 1;
    if (
      canvas.width !== Math.round(width * ratio) ||
      canvas.height !== Math.round(height * ratio)
    ) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    if (this.live) this.catchUp();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.drawOn(context, workers, scrolled, height);
  }

  /** Draws on another canvas what this one shows, as wide as this one. */
  drawOn(
    context: CanvasRenderingContext2D,
    workers: Worker[],
    scrolled: number,
    height: number
  ): void {
    const look = colours(this.canvas);
    this.grid(context, look, height);
    this.busyWorkers(context, look, workers);
    const top = Math.floor(scrolled / this.height);
    const bottom = Math.min(
      workers.length,
      Math.ceil((scrolled + height - RULER) / this.height)
    );
    context.save();
    context.beginPath();
    context.rect(0, RULER, this.width, height - RULER);
    context.clip();
    for (let i = top; i < bottom; i++) {
      const y = RULER + i * this.height - scrolled;
      if (this.height >= READABLE) {
        context.fillStyle = look.line;
        context.fillRect(0, y + this.height - 1, this.width, 1);
      }
      this.lane(context, workers[i]!, y, look);
    }
    context.restore();
  }

  /** Moves the seen span to the present. */
  private catchUp(): void {
    // When nothing runs, time stands still a little after the last task.
    const { first, last } = this.model.tasks;
    const now = this.model.now();
    const idle = !this.model.running.length && Number.isFinite(last);
    this.to = idle ? Math.min(now, last + this.span * 0.03) : now;
    // Until there is enough to fill it, the picture begins with the first task.
    const age = (this.to - first) * 1.02;
    const span = Math.min(this.span, Math.max(age, LEAST));
    this.from = this.to - (Number.isFinite(span) ? span : this.span);
  }

  private lane(
    context: CanvasRenderingContext2D,
    worker: Worker,
    top: number,
    look: Colours
  ): void {
    // Lanes have room between them as long as they are high enough.
    const room = this.height >= 20 ? 5 : this.height >= 12 ? 3 : 0;
    const y = top + room;
    const bar = this.height - (room ? 2 * room : this.height >= 4 ? 1 : 0);
    const lane = this.model.tasks.lanes.get(worker.key);
    if (lane) this.bars(context, lane, y, bar, look);
    if (worker.state === 'busy' && worker.item >= 0) {
      const scale = this.width / (this.to - this.from);
      const x = (worker.since - this.from) * scale;
      const end = (this.model.now() - this.from) * scale;
      context.fillStyle = jobOf(look, worker.job);
      context.globalAlpha = 0.35;
      context.fillRect(x, y, Math.max(1, end - x), bar);
      // What it has told is done, as the part of the bar that is darker.
      context.fillRect(
        x,
        y,
        (end - x) * Math.min(1, worker.progress ?? 0),
        bar
      );
      context.globalAlpha = 1;
    }
    // Failed ones stand out by their form too: a higher bar.
    if (!lane?.failures.length) return;
    context.fillStyle = look.failed;
    const scale = this.width / (this.to - this.from);
    let drawn = -1;
    const { failures } = lane;
    for (
      let f = firstAtLeast(failures, lane.after(this.from));
      f < failures.length;
      f++
    ) {
      const i = failures[f]!;
      const x = Math.max(-1, (lane.start[i]! - this.from) * scale);
      if (x > this.width) break;
      const end = Math.min(
        this.width + 1,
        (lane.end[i]! - this.from) * scale - 1
      );
      const right = Math.max(x + 3, end);
      if (right < drawn + 1) continue;
      drawn = right;
      context.fillRect(x, top, right - x, this.height - 1);
    }
  }

  /** The bars of a lane. */
  private bars(
    context: CanvasRenderingContext2D,
    lane: Lane,
    y: number,
    height: number,
    look: Colours
  ): void {
    const { from, to, width } = this;
    const scale = width / (to - from);
    // The bar that is being put together: columns that look alike are one.
    let [left, right, job, shade] = [0, -1, -1, 1];
    const flush = (): void => {
      if (right <= left) return;
      context.fillStyle = jobOf(look, job);
      context.globalAlpha = shade;
      context.fillRect(left, y, right - left, height);
    };
    let i = lane.after(from);
    while (i < lane.length && lane.start[i]! <= to) {
      const x = Math.max(-1, (lane.start[i]! - from) * scale);
      const end = Math.min(width + 1, (lane.end[i]! - from) * scale);
      if (end - x >= 1) {
        flush();
        // A gap of a pixel parts two bars that are wide enough to be seen apart.
        [left, right, job, shade] = [
          x,
          end - x > 3 ? end - 1 : end,
          lane.job[i]!,
          1
        ];
        i++;
        continue;
      }
      // All that begins in this column of pixels.
      const column = Math.floor(x);
      const next = Math.max(
        i + 1,
        lane.starting(from + (column + 1) / scale, i)
      );
      const share = Math.min(1, lane.busy(i, next) * scale);
      const tone = 0.3 + 0.7 * (Math.round(share * 8) / 8);
      if (column > right + 0.5 || lane.job[i] !== job || tone !== shade) {
        flush();
        [left, job, shade] = [Math.max(column, right), lane.job[i]!, tone];
      }
      right = column + 1;
      i = next;
    }
    flush();
    context.globalAlpha = 1;
  }

  /** How many workers were busy, as an area behind the ruler. */
  private busyWorkers(
    context: CanvasRenderingContext2D,
    look: Colours,
    workers: Worker[]
  ): void {
    const steps = Math.ceil(this.width / STEP);
    const counts = new Float32Array(steps);
    const each = ((this.to - this.from) * STEP) / this.width;
    for (const worker of workers) {
      const lane = this.model.tasks.lanes.get(worker.key);
      if (lane) this.countBusy(lane, counts, each);
      if (worker.state !== 'busy' || worker.item < 0) continue;
      const now = this.model.now();
      const since = Math.max(0, Math.ceil((worker.since - this.from) / each));
      for (let s = since; s < steps && this.from + s * each < now; s++)
        counts[s]! += 1;
    }
    const there = workers.filter(w => w.state !== 'ended').length;
    const most = counts.reduce((a, b) => Math.max(a, b), Math.max(1, there));
    context.beginPath();
    context.moveTo(0, RULER - 1);
    counts.forEach((count, s) => {
      const y = RULER - 1 - (Math.min(count, most) / most) * (RULER - 4);
      context.lineTo(s * STEP, y);
      context.lineTo((s + 1) * STEP, y);
    });
    context.lineTo(steps * STEP, RULER - 1);
    context.fillStyle = look.busy;
    context.globalAlpha = 0.16;
    context.fill();
    context.globalAlpha = 1;
  }

  /** Adds the share of each step in which a lane's worker was busy. */
  private countBusy(lane: Lane, counts: Float32Array, each: number): void {
    let i = lane.after(this.from);
    while (i < lane.length && lane.start[i]! <= this.to) {
      const start = (lane.start[i]! - this.from) / each;
      const end = (lane.end[i]! - this.from) / each;
      const first = Math.max(0, Math.floor(start));
      if (end - start >= 1) {
        const last = Math.min(counts.length - 1, Math.floor(end));
        for (let s = first; s <= last; s++)
          counts[s]! += Math.min(end, s + 1) - Math.max(start, s);
        i++;
        continue;
      }
      const next = Math.max(
        i + 1,
        lane.starting(this.from + (first + 1) * each, i)
      );
      if (first < counts.length)
        counts[first]! += Math.min(1, lane.busy(i, next) / each);
      i = next;
    }
  }

  private grid(
    context: CanvasRenderingContext2D,
    look: Colours,
    height: number
  ): void {
    const { width } = this;
    const span = this.to - this.from;
    const step = niceStep((span * 90) / width);
    // Counted from the first task, in round numbers.
    const zero = Number.isFinite(this.model.tasks.first)
      ? this.model.tasks.first
      : this.from;
    context.font = `11px ${look.font}`;
    context.textBaseline = 'middle';
    for (
      let t = Math.ceil((this.from - zero) / step) * step;
      zero + t <= this.to;
      t += step
    ) {
      const x = Math.round(((zero + t - this.from) * width) / span);
      context.fillStyle = look.line;
      context.fillRect(x, RULER - 5, 1, height - RULER + 5);
      const text = t < 1e-9 ? '0' : duration(t, step);
      context.fillStyle = look.quiet;
      if (t >= -1e-9 && x + 4 + context.measureText(text).width < width)
        context.fillText(text, x + 4, RULER / 2);
    }
    context.fillStyle = look.line;
    context.fillRect(0, RULER - 1, width, 1);
  }
}

function jobOf(look: Colours, job: number): string {
  return look.jobs[job % look.jobs.length]!;
}

/** The first place of an ascending list whose number is at least this. */
function firstAtLeast(list: number[], least: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A round step in ms that is at least this long. */
function niceStep(least: number): number {
  const minute = 60_000;
  for (const step of [
    minute,
    2 * minute,
    5 * minute,
    10 * minute,
    30 * minute,
    60 * minute
  ]) {
    if (least > 30_000 && step >= least) return step;
  }
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= least)!;
}

/** What a task is, in lines. */
export function describe(
  { lane, index, worker }: Hit,
  model: PoolModel
): string[] {
  const job = model.jobs.get(lane.job[index]!);
  const [item, count] = [lane.item[index]!, lane.count[index]!];
  const lines = [
    `${job?.label ?? `job ${lane.job[index]}`}, ${count > 1 ? `items ${number(item)}–${number(item + count - 1)}` : `item ${number(item)}`}`,
    `${duration(lane.end[index]! - lane.start[index]!)} on ${worker.name}`
  ];
  const error = lane.errors.get(index);
  if (error) lines.push(error);
  return lines;
}
