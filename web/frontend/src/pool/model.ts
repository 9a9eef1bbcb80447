// What is known of a kernel's pools, from its events.
import { Signal, type ISignal } from '@lumino/signaling';
import type { EventsMessage, JobInfo, PoolEvent, WorkerInfo } from './protocol';
import { Tasks } from './tasks';

export interface Worker extends WorkerInfo {
  pool: number;
  key: string;
  /** When its running item was first heard of, in ms since the epoch. */
  since: number;
}

export interface Job extends JobInfo {
  pool: number;
}

/** How many workers that have ended are still shown. */
const ENDED = 64;

const NANO = 1e-6;

export class PoolModel {
  readonly workers = new Map<string, Worker>();
  readonly jobs = new Map<number, Job>();
  readonly tasks = new Tasks();
  /** Of each job the failed task with the lowest item: item and error. */
  private readonly failures = new Map<number, [number, string]>();
  /** How far the kernel's clock is ahead of the browser's, in ms. */
  skew = 0;

  /** Emitted after each message. */
  get changed(): ISignal<this, void> {
    return this.hasChanged;
  }

  private readonly hasChanged = new Signal<this, void>(this);

  /** The kernel's time now, in ms since the epoch. */
  now(): number {
    return Date.now() + this.skew;
  }

  get running(): Job[] {
    return [...this.jobs.values()].filter(j => j.state === 'running');
  }

  /** The first error of a job by its items' order, with its item; empty without any. */
  failure(job: number): string {
    const found = this.failures.get(job);
    return found ? `item ${found[0]}: ${found[1]}` : '';
  }

  /** Whether those that have ended are left out, as long as others are there. */
  folded = true;

  /** Workers that have ended, the last of them. */
  get ended(): Worker[] {
    return [...this.workers.values()].filter(w => w.state === 'ended');
  }

  /** Workers that are there, by pool, and below them those that have ended, if they are to be seen. */
  get shown(): Worker[] {
    const gone = (w: Worker): number => Number(w.state === 'ended');
    const all = [...this.workers.values()].sort(
      (a, b) => gone(a) - gone(b) || a.pool - b.pool || a.id - b.id
    );
    const there = all.filter(w => !gone(w));
    return this.folded && there.length ? there : all;
  }

  receive(message: EventsMessage): void {
    if (message.reset) this.clear();
    for (const event of message.events) this.apply(event, !message.reset);
    this.forget();
    this.hasChanged.emit();
  }

  clear(): void {
    this.workers.clear();
    this.jobs.clear();
    this.tasks.clear();
    this.failures.clear();
  }

  private apply(event: PoolEvent, live: boolean): void {
    const time = Date.parse(event.time);
    if (live && Number.isFinite(time)) this.skew = time - Date.now();
    if (event.job)
      this.jobs.set(event.job.id, { ...event.job, pool: event.pool });
    if (event.worker) this.applyWorker(event.pool, event.worker, time);
    for (const task of event.tasks ?? []) {
      const start = Date.parse(task.start);
      if (!Number.isFinite(start)) continue;
      const key = `${event.pool}:${task.worker}`;
      if (task.error !== undefined) {
        const first = this.failures.get(task.job);
        if (!first || task.item < first[0])
          this.failures.set(task.job, [task.item, task.error]);
      }
      this.tasks.add(
        key,
        start,
        task.duration * NANO,
        task.job,
        task.item,
        task.count || 1,
        task.error
      );
    }
  }

  private applyWorker(pool: number, info: WorkerInfo, time: number): void {
    const key = `${pool}:${info.id}`;
    const before = this.workers.get(key);
    const same =
      before?.item === info.item &&
      before.job === info.job &&
      before.state === info.state;
    this.workers.set(key, {
      ...info,
      pool,
      key,
      since: same ? before.since : time
    });
  }

  private forget(): void {
    const { ended } = this;
    for (const worker of ended.slice(0, Math.max(0, ended.length - ENDED))) {
      this.workers.delete(worker.key);
      const lane = this.tasks.lanes.get(worker.key);
      if (lane) this.tasks.length -= lane.length;
      this.tasks.lanes.delete(worker.key);
    }
  }
}
