// Feeds the pool panel with events of a kernel that is not there: what it says
// is put into the page's own connection, so that all of the page's work for it
// is measured. Call feedable before the page is opened.

/** Runs in the page before its scripts: remembers the websocket of the comm "pool". */
function remember() {
  const { Socket, decoder, encoder } = {
    Socket: globalThis.WebSocket,
    decoder: new TextDecoder(),
    encoder: new TextEncoder()
  };
  const found = (globalThis.panelFeed = { comm: '', socket: null });
  /** The parts of a message of v1.kernel.websocket.jupyter.org, as texts. */
  const split = data => {
    const view = new DataView(data);
    const count = Number(view.getBigUint64(0, true));
    const at = i => Number(view.getBigUint64(8 * (i + 1), true));
    return Array.from({ length: count - 1 }, (_, i) =>
      decoder.decode(data.slice(at(i), at(i + 1)))
    );
  };
  const join = parts => {
    const bytes = parts.map(part => encoder.encode(part));
    const head = 8 * (parts.length + 2);
    const whole = new Uint8Array(
      head + bytes.reduce((sum, b) => sum + b.length, 0)
    );
    const view = new DataView(whole.buffer);
    view.setBigUint64(0, BigInt(parts.length + 1), true);
    let at = head;
    bytes.forEach((b, i) => {
      view.setBigUint64(8 * (i + 1), BigInt(at), true);
      whole.set(b, at);
      at += b.length;
    });
    view.setBigUint64(8 * (parts.length + 1), BigInt(at), true);
    return whole.buffer;
  };
  globalThis.WebSocket = class extends Socket {
    send(data) {
      super.send(data);
      if (!(data instanceof ArrayBuffer)) return;
      const [channel, header, , , content] = split(data);
      if (channel !== 'shell' || JSON.parse(header).msg_type !== 'comm_open')
        return;
      const { comm_id, target_name } = JSON.parse(content);
      if (target_name !== 'pool') return;
      Object.assign(found, { comm: comm_id, socket: this });
    }
  };
  let count = 0;
  found.send = message => {
    const header = {
      msg_id: `fed-${++count}`,
      msg_type: 'comm_msg',
      username: '',
      session: 'fed',
      date: new Date().toISOString(),
      version: '5.4'
    };
    const content = { comm_id: found.comm, data: message };
    const data = join([
      'iopub',
      JSON.stringify(header),
      '{}',
      '{}',
      JSON.stringify(content)
    ]);
    found.socket.dispatchEvent(new MessageEvent('message', { data }));
  };
}

export function feedable(page) {
  return page.addInitScript(remember);
}

/** Waits until the page has its connection to feed. */
export function fed(page) {
  return page.waitForFunction(() => globalThis.panelFeed.comm);
}

/**
 * Sends tasks of one job, in messages as the kernel's: `count` tasks from `first` on, spread over
 * `workers`, the last one ending now, each `each` ms long. Runs in the page.
 */
export function feedTasks(page, { first, count, total, workers, each, reset }) {
  return page.evaluate(
    ({ first, count, total, workers, each, reset }) => {
      const now = Date.now();
      const date = ms => new Date(ms).toISOString();
      const begin = now - (count / workers) * each;
      const done = first + count;
      const events = [
        {
          kind: 'job_progress',
          time: date(now),
          pool: 1,
          job: {
            id: 1,
            label: 'many',
            cell: '[1]',
            state: done < total ? 'running' : 'done',
            total,
            done,
            failed: 0,
            workers,
            started: date(begin),
            elapsed: 1e9,
            remaining: 1e9,
            rate: 1e4,
            summary: 'many'
          }
        }
      ];
      for (let w = 1; w <= workers; w++) {
        events.push({
          kind: 'worker_changed',
          time: date(now),
          pool: 1,
          worker: {
            id: w,
            name: `PoolWorker-${w}`,
            pid: 1000 + w,
            state: done < total ? 'busy' : 'idle',
            job: 1,
            item: done < total ? done + w : -1,
            tasks: Math.floor(done / workers),
            cpu: 1e9,
            memory: 3e7
          }
        });
      }
      const tasks = Array.from({ length: count }, (_, i) => ({
        job: 1,
        item: first + i,
        count: 1,
        worker: 1 + (i % workers),
        start: date(begin + Math.floor(i / workers) * each),
        duration: each * 0.9e6,
        ...(i % 997 === 0 ? { error: 'panic: no luck' } : {})
      }));
      // As many in a message as the kernel sends.
      for (let i = 0; i < Math.max(1, count); i += 5000) {
        globalThis.panelFeed.send({
          type: 'events',
          reset: reset && i === 0,
          events: [
            ...(i === 0 ? events : []),
            {
              kind: 'tasks_done',
              time: date(now),
              pool: 1,
              tasks: tasks.slice(i, i + 5000)
            }
          ]
        });
      }
    },
    { first, count, total, workers, each, reset }
  );
}

/**
 * Calls a function of the page for a number of pictures and gives, in ms, the median and 95th percentile of the time from one
 * to the next and the longest task of the page's thread (0: none over 50).
 */
export function pictures(page, count, act) {
  return page.evaluate(
    async ({ count, act }) => {
      const step = (0, eval)(`(${act})`);
      const tasks = [];
      const observer = new PerformanceObserver(list =>
        tasks.push(...list.getEntries().map(e => e.duration))
      );
      observer.observe({ type: 'longtask' });
      const times = [];
      await new Promise(resolve => {
        let last = performance.now();
        let done = 0;
        const next = () => {
          const now = performance.now();
          times.push(now - last);
          last = now;
          if (++done > count) return resolve();
          step(done);
          requestAnimationFrame(next);
        };
        requestAnimationFrame(next);
      });
      await new Promise(resolve => setTimeout(resolve, 50));
      observer.disconnect();
      times.sort((a, b) => a - b);
      const at = share => Math.round(times[Math.floor(times.length * share)]);
      return {
        median: at(0.5),
        most: at(0.95),
        longest: Math.round(Math.max(0, ...tasks))
      };
    },
    { count, act: String(act) }
  );
}
