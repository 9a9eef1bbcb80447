// The panel: jobs at the left, the lanes of the workers at the right.
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import type { PoolConnection } from './comm';
import { number } from './format';
import { icon } from './icon';
import { JobList, WorkerList } from './lists';
import { keep } from './picture';
import { describe, LANE, Timeline } from './timeline';

/** How often the lists are brought up to date at most, in ms. */
const LISTS = 200;

/** The view of one kernel's pools. */
class PoolView extends Widget {
  readonly timeline: Timeline;
  private readonly jobs: JobList;
  private readonly workers = new WorkerList();
  private readonly lanes = document.createElement('div');
  private readonly canvas = document.createElement('canvas');
  private readonly head = document.createElement('div');
  private readonly sum = document.createElement('span');
  private readonly live = this.button('Pause', () =>
    this.follow(!this.timeline.live)
  );
  private readonly tip = document.createElement('div');
  private readonly empty = document.createElement('p');
  private frame = 0;
  private listed = 0;
  private stale = true;

  constructor(
    readonly connection: PoolConnection,
    private readonly notebook: NotebookPanel
  ) {
    super();
    this.addClass('pb-PoolView');
    this.timeline = new Timeline(this.canvas, connection.model);
    this.jobs = new JobList(job => connection.cancel(job));
    this.lanes.className = 'pb-Lanes';
    this.canvas.className = 'pb-Timeline';
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.tip.className = 'pb-Tip';
    this.tip.hidden = true;
    this.empty.className = 'pb-Empty';
    this.empty.textContent =
      'No pool has run yet. Make one with pool.New and send it work: its workers, jobs and tasks show here.';
    this.lanes.append(this.workers.node, this.canvas);
    this.head.className = 'pb-Head';
    this.sum.className = 'pb-Sum';
    this.head.append(
      this.sum,
      this.live,
      this.button(
        'Keep',
        () =>
          keep(
            this.notebook,
            this.connection.model,
            this.canvas,
            this.lanes.scrollTop
          ),
        'Keep a picture in the notebook'
      ),
      this.button('Fit', () => this.fit(), 'Show all tasks'),
      this.button('−', () => this.zoom(1.6), 'Zoom out'),
      this.button('+', () => this.zoom(0.6), 'Zoom in')
    );
    this.node.append(
      this.head,
      this.jobs.node,
      this.lanes,
      this.tip,
      this.empty
    );
    connection.model.changed.connect(this.onChange, this);
    this.listen();
  }

  override dispose(): void {
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
    this.redraw();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.redraw();
  }

  private onChange(): void {
    this.stale = true;
    this.redraw();
  }

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
      this.jobs.show(model);
      this.workers.show(workers);
      const there = workers.filter(w => w.state !== 'ended').length;
      const busy = workers.filter(w => w.state === 'busy').length;
      this.sum.textContent = `${number(there)} workers, ${number(busy)} busy · ${number(model.tasks.length)} tasks`;
      this.canvas.setAttribute(
        'aria-label',
        `Timeline of ${number(model.tasks.length)} tasks on ${workers.length} workers, ${busy} busy. Arrow keys move, plus and minus zoom, Home shows all, End follows.`
      );
    }
    this.timeline.draw(workers, this.lanes.scrollTop);
    const word = this.timeline.live ? 'Pause' : 'Follow';
    if (this.live.textContent !== word) this.live.textContent = word;
    if (this.stale || (this.timeline.live && model.running.length))
      this.redraw();
  }

  private listen(): void {
    const { canvas, timeline } = this;
    this.lanes.addEventListener('scroll', () => this.redraw(), {
      passive: true
    });
    canvas.addEventListener(
      'wheel',
      event => {
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
          timeline.pan(event.deltaX);
        else if (event.ctrlKey || event.metaKey || !this.scrolls()) {
          timeline.zoom(
            Math.exp(event.deltaY * 0.0015),
            timeline.live ? undefined : event.offsetX
          );
        } else return;
        event.preventDefault();
        this.redraw();
      },
      { passive: false }
    );
    let grabbed: number | null = null;
    canvas.addEventListener('pointerdown', event => {
      grabbed = event.clientX;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', event => {
      if (grabbed !== null && Math.abs(event.clientX - grabbed) > 2) {
        timeline.pan(grabbed - event.clientX);
        grabbed = event.clientX;
        this.redraw();
      }
      this.point(event);
    });
    canvas.addEventListener('pointerup', () => (grabbed = null));
    canvas.addEventListener('pointerleave', () => (this.tip.hidden = true));
    canvas.addEventListener('dblclick', () => this.fit());
    canvas.addEventListener('keydown', event => {
      const keys: Record<string, () => void> = {
        ArrowLeft: () => timeline.pan(-60),
        ArrowRight: () => timeline.pan(60),
        '+': () => timeline.zoom(0.7, canvas.clientWidth / 2),
        '-': () => timeline.zoom(1.4, canvas.clientWidth / 2),
        Home: () => timeline.fit(),
        End: () => timeline.follow()
      };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      event.stopPropagation();
      act();
      this.redraw();
    });
  }

  fit(): void {
    this.timeline.fit();
    this.redraw();
  }

  follow(on: boolean): void {
    if (on) this.timeline.follow();
    else this.timeline.live = false;
    this.redraw();
  }

  zoom(factor: number): void {
    this.timeline.zoom(
      factor,
      this.timeline.live ? undefined : this.canvas.clientWidth / 2
    );
    this.redraw();
  }

  private button(text: string, act: () => void, label = ''): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'pb-Button';
    button.textContent = text;
    if (label) {
      button.setAttribute('aria-label', label);
      button.title = label;
    }
    button.addEventListener('click', act);
    return button;
  }

  private scrolls(): boolean {
    return this.lanes.scrollHeight > this.lanes.clientHeight + LANE / 2;
  }

  private point(event: PointerEvent): void {
    const { model } = this.connection;
    const hit = this.timeline.hit(
      event.offsetX,
      event.offsetY,
      model.shown,
      this.lanes.scrollTop
    );
    this.tip.hidden = !hit;
    if (!hit) return;
    this.tip.replaceChildren(
      ...describe(hit, model).map(line => {
        const p = document.createElement('div');
        p.textContent = line;
        return p;
      })
    );
    this.tip.classList.toggle(
      'pb-mod-failed',
      hit.lane.failed[hit.index] === 1
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

/** The panel shows the pools of whichever notebook is the current one. */
export class PoolPanel extends Panel {
  private view: PoolView | null = null;
  private readonly none = new Widget();

  constructor() {
    super();
    this.id = 'poolbook-pool';
    this.addClass('pb-Pool');
    this.title.label = 'Pool';
    this.title.icon = icon;
    this.title.caption = 'Workers, jobs and tasks of the notebook';
    this.title.closable = true;
    this.none.addClass('pb-Empty');
    this.none.node.textContent = 'The notebook that is shown has no pools.';
    this.addWidget(this.none);
  }

  /** Shows the pools of a notebook's kernel, or that there is none. */
  display(
    connection: PoolConnection | null,
    notebook: NotebookPanel | null
  ): void {
    if (connection && this.view?.connection === connection) return;
    this.view?.dispose();
    this.view =
      connection && notebook ? new PoolView(connection, notebook) : null;
    this.none.setHidden(connection !== null);
    if (this.view) this.addWidget(this.view);
  }
}
