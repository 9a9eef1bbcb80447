// The view of one kernel's pools: jobs at the left, the lanes of the workers at
// the right.
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { PoolConnection } from './comm';
import { button, element, say } from './dom';
import { bytes, number } from './format';
import { listen } from './gestures';
import { JobList } from './jobs';
import type { PoolModel, Worker } from './model';
import { keep } from './picture';
import {
  describe,
  HIGHEST,
  LOWEST,
  READABLE,
  RULER,
  type Seen,
  Timeline
} from './timeline';
import { about, WorkerList } from './workers';

/** How often the lists are brought up to date at most, in ms. */
const LISTS = 200;
/** How often the timeline's words for screen readers change at most, in ms. */
const WORDS = 2000;

/** Where what is seen of a kernel's timeline is kept over a reload. */
const seenKey = (kernel: string): string => `poolbook:timeline:${kernel}`;

/** Numbers of all workers together. */
function totals(workers: Worker[], model: PoolModel): string {
  const there = workers.filter(w => w.state !== 'ended');
  const busy = there.filter(w => w.state === 'busy').length;
  const tasks = workers.reduce((sum, w) => sum + w.tasks, 0);
  const rate = model.running.reduce((sum, j) => sum + Math.max(0, j.rate), 0);
  const memory = there.reduce((sum, w) => sum + w.memory, 0);
  const parts = [
    `${number(there.length)} ${there.length === 1 ? 'worker' : 'workers'}, ${number(busy)} busy`,
    `${number(tasks)} tasks`
  ];
  if (rate > 0) parts.push(`${number(Math.round(rate * 10) / 10)}/s`);
  if (memory > 0) parts.push(bytes(memory));
  return parts.join(' · ');
}

export class PoolView extends Widget {
  readonly timeline: Timeline;
  private readonly jobs: JobList;
  private readonly workers = new WorkerList();
  private readonly lanes = element('div', 'pb-Lanes');
  private readonly canvas = document.createElement('canvas');
  private readonly sum = element('span', 'pb-Sum');
  private readonly live = button('Pause', () => this.toggle());
  private readonly rows = button(
    'Rows',
    () => {
      this.roomy = !this.roomy;
      this.stale = true;
      this.redraw();
    },
    'A row with its numbers for each worker'
  );
  private readonly ended = button('', () => {
    this.connection.model.folded = !this.connection.model.folded;
    this.stale = true;
    this.listed = 0;
    this.redraw();
  });
  private readonly tip = element('div', 'pb-Tip');
  /** Whether lanes are high enough to read even when not all have room. */
  private roomy = false;
  private restored = false;
  private frame = 0;
  private listed = 0;
  private worded = 0;
  private stale = true;

  constructor(
    readonly connection: PoolConnection,
    private readonly notebook: NotebookPanel
  ) {
    super();
    this.addClass('pb-PoolView');
    this.timeline = new Timeline(this.canvas, connection.model);
    this.jobs = new JobList(job => connection.cancel(job));
    this.ended.classList.add('pb-Ended');
    this.canvas.className = 'pb-Timeline';
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.tip.hidden = true;
    this.lanes.style.setProperty('--pb-ruler', `${RULER}px`);
    this.lanes.append(this.workers.node, this.canvas);
    this.node.append(
      this.head(),
      this.jobs.node,
      this.lanes,
      this.ended,
      this.tip,
      element(
        'p',
        'pb-Empty',
        'No pool has run yet. Make one with pool.New and send it work: its workers, jobs and tasks show here.'
      ),
      this.jobs.news
    );
    connection.model.changed.connect(this.onChange, this);
    this.lanes.addEventListener('scroll', () => this.redraw(), {
      passive: true
    });
    listen(this.timeline, {
      moved: () => this.redraw(),
      toggle: () => this.toggle(),
      point: event => this.point(event),
      scrolls: () =>
        this.lanes.scrollHeight > this.lanes.clientHeight + HIGHEST / 2
    });
    window.addEventListener('pagehide', this.remember);
    this.onChange();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.remember();
    window.removeEventListener('pagehide', this.remember);
    cancelAnimationFrame(this.frame);
    this.connection.model.changed.disconnect(this.onChange, this);
    super.dispose();
  }

  /** Draws the next picture soon; while something runs, each picture asks for the next. */
  redraw(): void {
    if (!this.frame && this.isVisible)
      this.frame = requestAnimationFrame(() => this.paint());
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.stale = true;
    this.redraw();
  }

  protected override onResize(msg: Widget.ResizeMessage): void {
    super.onResize(msg);
    this.stale = true;
    this.redraw();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.redraw();
  }

  private head(): HTMLElement {
    const head = element('div', 'pb-Head');
    head.setAttribute('role', 'toolbar');
    head.setAttribute('aria-label', 'Timeline');
    const zoom = (factor: number): void => {
      this.timeline.zoom(factor, this.canvas.clientWidth / 2);
      this.redraw();
    };
    const fit = (): void => {
      this.timeline.fit();
      this.redraw();
    };
    const picture = (): void =>
      keep(
        this.notebook,
        this.connection.model,
        this.timeline,
        this.lanes.scrollTop
      );
    head.append(
      this.sum,
      this.live,
      button('Fit', fit, 'Show all tasks'),
      button('−', () => zoom(1.6), 'Zoom out'),
      button('+', () => zoom(0.6), 'Zoom in'),
      this.rows,
      button('Picture', picture, 'Keep a picture in the notebook')
    );
    return head;
  }

  private onChange(): void {
    const { tasks } = this.connection.model;
    // A kernel that begins anew is followed; after a reload of the page, what was seen is seen again.
    if (!tasks.length) this.timeline.follow();
    else if (!this.restored) this.restore();
    this.stale = true;
    this.redraw();
  }

  private restore(): void {
    this.restored = true;
    const text = sessionStorage.getItem(seenKey(this.connection.kernel));
    if (text) this.timeline.seen = JSON.parse(text) as Seen;
  }

  private readonly remember = (): void => {
    if (this.restored && this.connection.kernel)
      sessionStorage.setItem(
        seenKey(this.connection.kernel),
        JSON.stringify(this.timeline.seen)
      );
  };

  private paint(): void {
    this.frame = 0;
    const { model } = this.connection;
    const workers = model.shown;
    const now = performance.now();
    const some = workers.length > 0 || model.jobs.size > 0;
    this.node.classList.toggle('pb-mod-empty', !some);
    if (this.stale && now - this.listed > LISTS) {
      this.listed = now;
      this.stale = false;
      this.fitLanes(workers.length);
      this.jobs.show(model);
      this.workers.show(workers, this.timeline.height);
      this.fold(model);
      say(this.sum, totals([...model.workers.values()], model));
      this.sum.title = this.sum.textContent;
      this.describe(workers, now);
    }
    this.timeline.draw(workers, this.lanes.scrollTop);
    say(this.live, this.timeline.live ? 'Pause' : 'Follow');
    if (this.stale || (this.timeline.live && model.running.length))
      this.redraw();
  }

  /** Says how many workers have ended; they fill the panel only when they are asked for. */
  private fold(model: PoolModel): void {
    const { ended, folded } = model;
    this.ended.hidden =
      ended.length === 0 || ended.length === model.workers.size;
    const lost = ended.filter(w => w.reason).length;
    const many = `${number(ended.length)} ended${lost ? `, ${number(lost)} lost` : ''}`;
    say(this.ended, `${folded ? '▸' : '▾'} ${many}`);
    this.ended.setAttribute('aria-expanded', String(!folded));
    this.ended.classList.toggle('pb-mod-failed', lost > 0);
  }

  /** Gives the lanes the height at which all can be seen, if that is asked for. */
  private fitLanes(count: number): void {
    const each = (this.lanes.clientHeight - RULER) / Math.max(1, count);
    const all = Math.min(HIGHEST, Math.max(LOWEST, Math.floor(each * 2) / 2));
    const tight = all < READABLE;
    this.rows.hidden = !tight;
    this.rows.setAttribute('aria-pressed', String(this.roomy));
    this.timeline.height = tight && this.roomy ? 20 : Math.max(all, LOWEST);
    if (!tight) this.timeline.height = Math.floor(all);
  }

  /** Says the timeline in words. */
  private describe(workers: Worker[], now: number): void {
    const { model } = this.connection;
    const running = model.running.length;
    if (running && now - this.worded < WORDS) return;
    this.worded = now;
    const failed = [...model.jobs.values()].reduce((n, j) => n + j.failed, 0);
    this.canvas.setAttribute(
      'aria-label',
      `Timeline: ${totals(workers, model)}, ${number(running)} jobs running, ${number(failed)} tasks failed. ` +
        'Left and right arrow keys move, plus and minus zoom, Space pauses, Home shows all, End follows.'
    );
  }

  private toggle(): void {
    if (this.timeline.live) this.timeline.live = false;
    else this.timeline.follow();
    this.redraw();
  }

  private point(event: PointerEvent | null): void {
    const { model } = this.connection;
    const at = event && ([event.offsetX, event.offsetY] as const);
    const workers = at ? model.shown : [];
    const scrolled = this.lanes.scrollTop;
    const hit = at && this.timeline.hit(...at, workers, scrolled);
    // Where there is no task, a lane without its numbers says whose it is.
    const dense = this.timeline.height < READABLE;
    const worker =
      at && !hit && dense && this.timeline.workerAt(at[1], workers, scrolled);
    this.tip.hidden = !hit && !worker;
    if (!event || this.tip.hidden) return;
    const lines = hit ? describe(hit, model) : about(worker as Worker);
    this.tip.replaceChildren(...lines.map(line => element('div', '', line)));
    this.tip.classList.toggle(
      'pb-mod-failed',
      hit ? hit.lane.errors.has(hit.index) : false
    );
    const box = this.node.getBoundingClientRect();
    const x = Math.min(
      event.clientX - box.left + 14,
      box.width - this.tip.offsetWidth - 8
    );
    const below = event.clientY - box.top + 18;
    const y =
      below + this.tip.offsetHeight > box.height
        ? below - this.tip.offsetHeight - 30
        : below;
    this.tip.style.transform = `translate(${Math.max(0, x)}px, ${Math.max(0, y)}px)`;
  }
}
