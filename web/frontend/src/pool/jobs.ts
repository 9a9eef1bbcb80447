// The jobs with their progress and stop buttons.
import { element, say } from './dom';
import { duration, number } from './format';
import { jobColour } from './look';
import type { Job, PoolModel } from './model';

const NANO = 1e-6;

const states: Record<Job['state'], string> = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'stopped'
};

function counts(job: Job): string[] {
  const parts = [
    job.total >= 0
      ? `${number(job.done)} of ${number(job.total)}`
      : number(job.done)
  ];
  if (job.state === 'running') {
    if (job.part) parts.push(`${Math.floor(100 * job.part)}\u00a0%`);
    if (job.status) parts.push(job.status);
  }
  if (job.failed) parts.push(`${number(job.failed)} failed`);
  parts.push(duration(job.elapsed * NANO));
  if (job.rate > 0) parts.push(`${number(Math.round(job.rate * 10) / 10)}/s`);
  if (job.state === 'running' && job.remaining > 0)
    parts.push(`${duration(job.remaining * NANO)} left`);
  // That some failed says that it has.
  if (job.state !== 'running' && !(job.state === 'failed' && job.failed))
    parts.push(states[job.state]);
  return parts;
}

/** One job; its element stays the same as it goes on. */
class JobRow {
  readonly node = element('li', 'pb-Job');
  private readonly label = element('span', 'pb-Job-label');
  private readonly text = element('span', 'pb-Job-counts');
  private readonly error = element('span', 'pb-Job-error');
  private readonly track = element('span', 'pb-Job-track');
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
    this.track.setAttribute('role', 'progressbar');
    this.track.append(this.bar);
    const head = element('span', 'pb-Job-head');
    head.append(this.label, this.stop);
    this.node.append(head, this.track, this.text, this.error);
  }

  show(job: Job, error: string): void {
    const cell = job.cell.length <= 8 ? ` ${job.cell}` : '';
    say(this.label, job.label + cell);
    this.label.title = job.label;
    this.count(counts(job));
    say(this.error, error);
    this.error.title = error;
    this.error.hidden = !error;
    // A button that has the focus and goes would leave the keyboard nowhere.
    const ended = job.state !== 'running';
    if (ended && this.stop === document.activeElement)
      this.node.parentElement?.focus();
    this.stop.hidden = ended;
    this.stop.setAttribute('aria-label', `Stop ${job.label}`);
    this.node.dataset['state'] = job.state;
    this.node.style.setProperty('--pb-job', jobColour(job.id));
    // The only task of a job may tell how far it is.
    const share =
      job.total > 0
        ? Math.min(1, (job.done + (ended ? 0 : (job.part ?? 0))) / job.total)
        : ended
          ? 1
          : 0;
    this.bar.style.transform = `scaleX(${share})`;
    this.track.setAttribute('aria-label', `Progress of ${job.label}`);
    this.track.setAttribute('aria-valuenow', String(Math.floor(share * 100)));
    this.track.setAttribute('aria-valuetext', counts(job).join(', '));
  }

  /** Shows the counts, each of them on one line. */
  private count(parts: string[]): void {
    if (this.text.textContent === parts.join(' · ')) return;
    const spans = parts.map(part => element('span', 'pb-Job-count', part));
    for (const span of spans)
      span.classList.toggle(
        'pb-mod-failed',
        /\bfailed$/.test(span.textContent ?? '')
      );
    this.text.replaceChildren(
      ...spans.flatMap((span, i) => (i ? [' · ', span] : [span]))
    );
  }
}

/** How many jobs are listed, the newest first. */
const LISTED = 50;

export class JobList {
  readonly node = element('ul', 'pb-Jobs');
  /** Says what has ended, to screen readers. */
  readonly news = element('span', 'pb-Heard');
  private readonly rows = new Map<number, JobRow>();
  private readonly ran = new Set<number>();

  constructor(private readonly cancel: (job: number) => void) {
    this.node.setAttribute('aria-label', 'Jobs');
    this.node.tabIndex = 0;
    this.news.setAttribute('role', 'status');
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
      row.show(job, model.failure(job.id));
      if (this.node.children[i] !== row.node)
        this.node.insertBefore(row.node, this.node.children[i] ?? null);
    });
    this.announce(model);
  }

  private announce(model: PoolModel): void {
    const ended: string[] = [];
    for (const job of model.jobs.values()) {
      if (job.state === 'running') this.ran.add(job.id);
      else if (this.ran.delete(job.id))
        ended.push(`${job.label}: ${counts(job).join(', ')}`);
    }
    if (ended.length) say(this.news, ended.join('. '));
  }
}
