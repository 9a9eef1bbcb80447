// What the kernel says over the comm "pool": the events of package pool/core,
// as Go writes them. Durations are in nanoseconds, times are RFC 3339.

export interface JobInfo {
  /** Unique in the kernel. */
  id: number;
  label: string;
  cell: string;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Items in all, -1 when not known yet. */
  total: number;
  /** Items done, the failed ones too. */
  done: number;
  failed: number;
  workers: number;
  started: string;
  elapsed: number;
  /** An estimate, -1 when there is none. */
  remaining: number;
  /** Tasks per second so far. */
  rate: number;
  /** Of a job with one task: how much of it is done, as the task has told, 0 to 1. */
  part?: number;
  /** The same: what it is at. */
  status?: string;
  summary: string;
}

export interface WorkerInfo {
  /** Unique in its pool. */
  id: number;
  name: string;
  /** 0 in a pool of threads. */
  pid: number;
  state: 'starting' | 'idle' | 'busy' | 'stalled' | 'ended';
  job: number;
  /** The running item, -1 when none runs. */
  item: number;
  /** Items done. */
  tasks: number;
  cpu: number;
  /** In bytes. */
  memory: number;
  /** What the running task has told it is at. */
  label?: string;
  /** How much of the running task is done, as it has told, 0 to 1. */
  progress?: number;
  /** Why it ended, when that was not asked for. */
  reason?: string;
}

export interface TaskInfo {
  job: number;
  item: number;
  /** Short tasks are told together: this many, from item on. */
  count: number;
  worker: number;
  start: string;
  duration: number;
  error?: string;
}

export interface PoolEvent {
  kind:
    | 'job_started'
    | 'job_progress'
    | 'job_done'
    | 'worker_changed'
    | 'tasks_done';
  time: string;
  /** Number of the pool, from 1. */
  pool: number;
  job?: JobInfo;
  worker?: WorkerInfo;
  tasks?: TaskInfo[];
}

/** A message of the kernel. */
export interface EventsMessage {
  type: 'events';
  /** The first one: what was known before is replaced. */
  reset?: boolean;
  events: PoolEvent[];
}

/** What the page opens the comm with: earlier comms of its browser whose pages have gone. */
export interface OpenMessage {
  gone: string[];
}

/** A message of the page: ends a job. */
export interface CancelMessage {
  type: 'cancel';
  job: number;
}
