// The jobs with their progress and stop buttons, and the names of the workers
// beside their lanes.
import { bytes, duration, number } from './format';
import type { Job, PoolModel, Worker } from './model';
import { jobColour, LANE } from './timeline';

const NANO = 1e-6;

function element(tag: string, name: string, text = ''): HTMLElement {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

const states: Record<Job['state'], string> = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'stopped'
};

function counts(job: Job): string {
  const parts = [
    job.total >= 0
      ? `${number(job.done)} of ${number(job.total)}`
      : number(job.done)
  ];
  if (job.failed) parts.push(`${number(job.failed)} failed`);
  parts.push(duration(job.elapsed * NANO));
  if (job.rate > 0) parts.push(`${number(Math.round(job.rate * 10) / 10)}/s`);
  if (job.state === 'running' && job.remaining > 0)
    parts.push(`${duration(job.remaining * NANO)} left`);
  if (job.state !== 'running') parts.push(states[job.state]);
  return parts.join(' · ');
}

/** One job; its element stays the same as it goes on. */
class JobRow {
  readonly node = element('li', 'pb-Job');
  private readonly label = element('span', 'pb-Job-label');
  private readonly text = element('span', 'pb-Job-counts');
  private readonly bar = element('span', 'pb-Job-bar');
  private readonly stop = document.createElement('button');

  constructor(id: number, cancel: (job: number) => void) {
    this.stop.type = 'button';
    this.stop.className = 'pb-Job-stop';
    this.stop.textContent = 'Stop';
    this.stop.addEventListener('click', () => {
      this.stop.disabled = true;
      cancel(id);
    });
    const track = element('span', 'pb-Job-track');
    track.append(this.bar);
    const head = element('span', 'pb-Job-head');
    head.append(this.label, this.stop);
    this.node.append(head, track, this.text);
    this.node.style.setProperty('--pb-job', jobColour(id));
  }

  show(job: Job): void {
    const cell = job.cell.length <= 8 ? ` ${job.cell}` : '';
    this.label.textContent = job.label + cell;
    this.text.textContent = counts(job);
    this.stop.hidden = job.state !== 'running';
    this.stop.setAttribute('aria-label', `Stop ${job.label}`);
    this.node.dataset['state'] = job.state;
    this.node.style.setProperty('--pb-job', jobColour(job.id));
    const share =
      job.total > 0 ? job.done / job.total : job.state === 'running' ? 0 : 1;
    this.bar.style.transform = `scaleX(${share})`;
  }
}

/** How many jobs are listed, the newest first. */
const LISTED = 50;

export class JobList {
  readonly node = element('ul', 'pb-Jobs');
  private readonly rows = new Map<number, JobRow>();

  constructor(private readonly cancel: (job: number) => void) {
    this.node.setAttribute('aria-label', 'Jobs');
    this.node.tabIndex = 0;
  }

  show(model: PoolModel): void {
    const jobs = [...model.jobs.values()]
      .sort((a, b) => b.id - a.id)
      .slice(0, LISTED);
    const listed = new Set(jobs.map(j => j.id));
    for (const [id, row] of this.rows) {
      if (!listed.has(id)) {
        row.node.remove();
        this.rows.delete(id);
      }
    }
    jobs.forEach((job, i) => {
      let row = this.rows.get(job.id);
      if (!row) this.rows.set(job.id, (row = new JobRow(job.id, this.cancel)));
      row.show(job);
      if (this.node.children[i] !== row.node)
        this.node.insertBefore(row.node, this.node.children[i] ?? null);
    });
  }
}

function details(worker: Worker): string {
  const parts: string[] = [];
  if (worker.state === 'ended') parts.push(worker.reason || 'ended');
  else if (worker.state === 'busy')
    parts.push(worker.item >= 0 ? `item ${number(worker.item)}` : 'busy');
  else parts.push(worker.state);
  parts.push(`${number(worker.tasks)} done`);
  if (worker.cpu > 0) parts.push(`${duration(worker.cpu * NANO)} CPU`);
  if (worker.memory > 0) parts.push(bytes(worker.memory));
  return parts.join(' · ');
}

/** The names at the left of the lanes, each as high as its lane. */
export class WorkerList {
  readonly node = element('ul', 'pb-Workers');

  constructor() {
    this.node.setAttribute('aria-label', 'Workers');
    this.node.style.setProperty('--pb-lane', `${LANE}px`);
  }

  show(workers: Worker[]): void {
    while (this.node.children.length > workers.length)
      this.node.lastElementChild!.remove();
    workers.forEach((worker, i) => {
      let row = this.node.children[i] as HTMLElement | undefined;
      if (!row) {
        row = element('li', 'pb-Worker');
        row.append(
          element('span', 'pb-Worker-name'),
          element('span', 'pb-Worker-details')
        );
        this.node.append(row);
      }
      const [name, text] = row.children as unknown as [
        HTMLElement,
        HTMLElement
      ];
      const said = details(worker);
      if (name.textContent !== worker.name) name.textContent = worker.name;
      if (text.textContent !== said) text.textContent = said;
      row.dataset['state'] =
        worker.state === 'ended' && worker.reason ? 'lost' : worker.state;
      row.title = `${worker.name}${worker.pid ? `, process ${worker.pid}` : ''}: ${said}`;
    });
  }
}
