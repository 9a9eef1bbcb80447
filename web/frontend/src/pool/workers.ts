// The names and numbers of the workers beside their lanes, each as high as its
// lane. Where the lanes are too low for text, every so many have their name.
import { element, say } from './dom';
import { bytes, duration, number } from './format';
import type { Worker } from './model';
import { HIGHEST, READABLE } from './timeline';

const NANO = 1e-6;

/** The least distance of two names, in CSS pixels. */
const APART = 13;

const COLUMNS = ['Worker', 'Now', 'Tasks', 'CPU', 'Memory'];

/** How much of its running task a worker has told is done, in hundredths; undefined when it has told nothing. */
function told(worker: Worker): number | undefined {
  if (worker.state !== 'busy' || !worker.progress) return undefined;
  return Math.floor(100 * Math.min(1, Math.max(0, worker.progress)));
}

/** What a worker does, in a word or two: in those of its task, when it has told. */
export function doing(worker: Worker): string {
  if (worker.state === 'ended') return worker.reason ? 'lost' : 'ended';
  if (worker.state !== 'busy') return worker.state;
  const item = worker.item >= 0 ? `item ${number(worker.item)}` : 'busy';
  const share = told(worker);
  return (
    (worker.label || item) + (share === undefined ? '' : ` ${share}\u00a0%`)
  );
}

/** A worker's numbers, as its row's columns have them. */
function columns(worker: Worker): string[] {
  return [
    worker.name,
    doing(worker),
    number(worker.tasks),
    worker.cpu > 0 ? duration(worker.cpu * NANO) : '',
    worker.memory > 0 ? bytes(worker.memory) : ''
  ];
}

/** What is known of a worker, in lines. */
export function about(worker: Worker): string[] {
  const [name, now, tasks, cpu, memory] = columns(worker);
  const item = worker.label && worker.item >= 0;
  const lines = [
    worker.pid ? `${name}, process ${worker.pid}` : name!,
    [
      item && `item ${number(worker.item)}`,
      now!,
      `${tasks} tasks`,
      cpu && `${cpu} CPU`,
      memory && `${memory} of memory`
    ]
      .filter(Boolean)
      .join(' · ')
  ];
  if (worker.reason) lines.push(worker.reason);
  return lines;
}

function row(name: string, role: string, texts: string[]): HTMLElement {
  const node = element('div', name);
  node.setAttribute('role', 'row');
  for (const text of texts) {
    const cell = element('span', 'pb-Worker-cell', text);
    cell.setAttribute('role', role);
    node.append(cell);
  }
  return node;
}

export class WorkerList {
  readonly node = element('div', 'pb-Workers');
  private readonly rows: HTMLElement[] = [];

  constructor() {
    this.node.setAttribute('role', 'table');
    this.node.setAttribute('aria-label', 'Workers');
    this.node.append(row('pb-Worker-head', 'columnheader', COLUMNS));
  }

  /** Shows workers beside lanes of a height in CSS pixels. */
  show(workers: Worker[], height: number): void {
    this.node.style.setProperty('--pb-lane', `${height}px`);
    this.node.classList.toggle('pb-mod-dense', height < READABLE);
    this.node.classList.toggle(
      'pb-mod-low',
      height >= READABLE && height < HIGHEST - 3
    );
    const every = Math.ceil(APART / height);
    while (this.rows.length > workers.length) this.rows.pop()!.remove();
    workers.forEach((worker, i) => {
      const texts = columns(worker);
      let node = this.rows[i];
      if (!node) {
        node = this.rows[i] = row('pb-Worker', 'cell', texts);
        this.node.append(node);
      }
      texts.forEach((text, c) => say(node.children[c] as HTMLElement, text));
      node.dataset['state'] =
        worker.state === 'ended' && worker.reason ? 'lost' : worker.state;
      const share = told(worker);
      node.classList.toggle('pb-mod-telling', share !== undefined);
      node.style.setProperty('--pb-told', `${share ?? 0}%`);
      const room = i + every <= workers.length;
      node.classList.toggle('pb-mod-named', i % every === 0 && room);
      const title = about(worker).join('\n');
      if (node.title !== title) node.title = title;
    });
  }
}
