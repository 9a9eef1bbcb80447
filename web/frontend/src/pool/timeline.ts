// The timeline: a lane for each worker, a bar for each task, on a canvas. What
// is seen is drawn anew for each picture; bars that fall on the same pixel are
// drawn as one, so the work is bounded by the pixels, not by the tasks.
import { duration, number } from './format';
import type { PoolModel, Worker } from './model';
import type { Lane } from './tasks';

export const LANE = 24;
const BAR = 14;
export const RULER = 22;
/** The shortest span that is followed, in ms. */
const LEAST = 2000;

/** The colours of the panel, read from the theme's variables. */
interface Colours {
  text: string;
  quiet: string;
  line: string;
  back: string;
  failed: string;
  jobs: string[];
}

const LIGHT = [
  '#0b7f95',
  '#5a67d8',
  '#b7791f',
  '#2f855a',
  '#b83280',
  '#6b7280'
];
const DARK = ['#46b3c6', '#8c97f0', '#e0b050', '#5fbf8a', '#e278b4', '#9aa6ac'];

function colours(node: HTMLElement): Colours {
  const style = getComputedStyle(node);
  const get = (name: string): string => style.getPropertyValue(name).trim();
  const dark = document.body.dataset['jpThemeLight'] === 'false';
  return {
    text: get('--jp-ui-font-color1'),
    quiet: get('--jp-ui-font-color2'),
    line: get('--jp-border-color2'),
    back: get('--jp-layout-color1'),
    failed: dark ? '#ff6b5e' : '#d0342c',
    jobs: dark ? DARK : LIGHT
  };
}

/** The colour of a job, the same in lists and lanes. */
export function jobColour(job: number): string {
  const list = document.body.dataset['jpThemeLight'] === 'false' ? DARK : LIGHT;
  return list[job % list.length]!;
}

/** A task that the pointer is on. */
export interface Hit {
  lane: Lane;
  index: number;
  worker: Worker;
}

export class Timeline {
  /** The seen span, in ms since the epoch. */
  from = 0;
  to = 10_000;
  /** Whether the right edge is the kernel's present. */
  live = true;
  private span = 15_000;
  private readonly context: CanvasRenderingContext2D;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly model: PoolModel
  ) {
    this.context = canvas.getContext('2d')!;
  }

  /** The width of the seen span becomes another, around a place of the canvas. */
  zoom(factor: number, x = this.canvas.clientWidth): void {
    const moment = this.moment(x);
    const span = Math.min(
      Math.max((this.to - this.from) * factor, 0.2),
      7 * 86_400_000
    );
    const share = x / Math.max(1, this.canvas.clientWidth);
    this.from = moment - span * share;
    this.to = this.from + span;
    this.span = span;
  }

  /** Moves the seen span by a number of pixels; ends following. */
  pan(pixels: number): void {
    const shift =
      (pixels * (this.to - this.from)) / Math.max(1, this.canvas.clientWidth);
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
    return (
      this.from +
      (x / Math.max(1, this.canvas.clientWidth)) * (this.to - this.from)
    );
  }

  private place(moment: number): number {
    return (
      ((moment - this.from) / (this.to - this.from)) * this.canvas.clientWidth
    );
  }

  /** The task at a place of the canvas, a pixel or two beside it too. */
  hit(x: number, y: number, workers: Worker[], scrolled: number): Hit | null {
    const worker = workers[Math.floor((y - RULER + scrolled) / LANE)];
    if (y < RULER || !worker) return null;
    const lane = this.model.tasks.lanes.get(worker.key);
    if (!lane) return null;
    const moment = this.moment(x);
    const near =
      (2 * (this.to - this.from)) / Math.max(1, this.canvas.clientWidth);
    const index = lane.after(moment - near);
    if (index >= lane.length || lane.start[index]! > moment + near) return null;
    return { lane, index, worker };
  }

  /** Draws the lanes of these workers, from a place of the list on. */
  draw(workers: Worker[], scrolled: number): void {
    const { canvas, context } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    if (
      canvas.width !== Math.round(width * ratio) ||
      canvas.height !== Math.round(height * ratio)
    ) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    if (this.live) {
      // When nothing runs, time stands still a little after the last task.
      const { last } = this.model.tasks;
      const now = this.model.now();
      const idle = !this.model.running.length && Number.isFinite(last);
      this.to = idle ? Math.min(now, last + this.span * 0.03) : now;
      // Until there is enough to fill it, the picture begins with the first task.
      const age = (this.to - this.model.tasks.first) * 1.02;
      const span = Math.min(this.span, Math.max(age, LEAST));
      this.from = this.to - (Number.isFinite(span) ? span : this.span);
    }
    const look = colours(canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.grid(look, width, height);
    const top = Math.floor(scrolled / LANE);
    const bottom = Math.min(
      workers.length,
      Math.ceil((scrolled + height - RULER) / LANE)
    );
    context.save();
    context.beginPath();
    context.rect(0, RULER, width, height - RULER);
    context.clip();
    for (let i = top; i < bottom; i++) {
      const y = RULER + i * LANE - scrolled;
      context.fillStyle = look.line;
      context.fillRect(0, y + LANE - 1, width, 1);
      this.lane(workers[i]!, y + (LANE - BAR) / 2, look, width);
    }
    context.restore();
  }

  private lane(worker: Worker, y: number, look: Colours, width: number): void {
    const { context } = this;
    const lane = this.model.tasks.lanes.get(worker.key);
    const failures: number[] = [];
    if (lane) {
      // The bar that is being put together: neighbours that touch are one.
      let [left, right, job] = [-1, -1, -1];
      const flush = (): void => {
        if (right < 0) return;
        context.fillStyle = look.jobs[job % look.jobs.length]!;
        context.fillRect(left, y, Math.max(1, right - left), BAR);
      };
      for (
        let i = lane.after(this.from);
        i < lane.length && lane.start[i]! <= this.to;
        i++
      ) {
        const x = Math.max(-1, this.place(lane.start[i]!));
        const end = Math.min(width + 1, this.place(lane.end[i]!));
        // A gap of a pixel parts two bars that are wide enough to be seen apart.
        const apart = end - x > 3 ? 1 : 0;
        if (lane.job[i] !== job || x > right + 0.5) {
          flush();
          [left, right, job] = [x, Math.max(end - apart, x + 1), lane.job[i]!];
        } else {
          right = Math.max(right, end - apart);
        }
        if (lane.failed[i]) failures.push(x, Math.max(3, end - apart - x));
      }
      flush();
    }
    if (worker.state === 'busy' && worker.item >= 0) {
      const x = this.place(worker.since);
      const end = this.place(this.model.now());
      context.fillStyle = look.jobs[worker.job % look.jobs.length]!;
      context.globalAlpha = 0.35;
      context.fillRect(x, y, Math.max(1, end - x), BAR);
      context.globalAlpha = 1;
    }
    // Failed ones stand out by their form too: a higher bar.
    context.fillStyle = look.failed;
    for (let i = 0; i < failures.length; i += 2)
      context.fillRect(failures[i]!, y - 3, failures[i + 1]!, BAR + 6);
  }

  private grid(look: Colours, width: number, height: number): void {
    const { context } = this;
    const span = this.to - this.from;
    const step = niceStep((span * 90) / width);
    // Counted from the first task, in round numbers.
    const zero = Number.isFinite(this.model.tasks.first)
      ? this.model.tasks.first
      : this.from;
    context.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    context.textBaseline = 'middle';
    for (
      let t = Math.ceil((this.from - zero) / step) * step;
      zero + t <= this.to;
      t += step
    ) {
      const x = Math.round(this.place(zero + t));
      context.fillStyle = look.line;
      context.fillRect(x, RULER - 5, 1, height - RULER + 5);
      context.fillStyle = look.quiet;
      if (t >= -1e-9)
        context.fillText(t < 1e-9 ? '0' : duration(t), x + 4, RULER / 2);
    }
    context.fillStyle = look.line;
    context.fillRect(0, RULER - 1, width, 1);
  }
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
