// How long a cell has run, beside its number, and a word when a long one is over
// while nobody looks: in the title, and by the system where one has allowed it.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import { NotebookActions } from '@jupyterlab/notebook';
import { duration } from '../pool/format';

/** A run that is shorter is not worth a number, in ms. */
const WORTH = 1000;

/** A run that is longer is announced when the page is not seen, in ms. */
const LONG = 20_000;

/** How often the time of a running cell is brought up to date, in ms. */
const TICK = 1000;

/** The runs under way: since when, 0 while the cell waits for others. */
const running = new Map<Cell, number>();

function show(cell: Cell, ms: number): void {
  const prompt = cell.node.querySelector<HTMLElement>('.jp-InputPrompt');
  if (!prompt) return;
  if (ms >= WORTH) prompt.dataset['pbTime'] = duration(ms);
  else delete prompt.dataset['pbTime'];
}

/** Puts a mark before the title until the page is seen. */
function mark(sign: string): void {
  if (!document.hidden) return;
  const own = document.title.replace(/^[✓✗] /, '');
  document.title = `${sign} ${own}`;
  const seen = (): void => {
    if (document.hidden) return;
    document.removeEventListener('visibilitychange', seen);
    document.title = document.title.replace(/^[✓✗] /, '');
  };
  document.addEventListener('visibilitychange', seen);
}

function announce(name: string, ms: number, success: boolean): void {
  if (!document.hidden) return;
  mark(success ? '✓' : '✗');
  // Asked for in the menu, never unasked.
  if (typeof Notification === 'undefined') return;
  if (Notification.permission !== 'granted') return;
  new Notification(name, {
    body: `A cell ${success ? 'is done' : 'has failed'} after ${duration(ms)}.`,
    tag: name
  });
}

export const runtime: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:runtime',
  description: 'Shows how long cells run, and tells when a long one is over.',
  autoStart: true,
  activate: app => {
    let timer = 0;
    const tick = (): void => {
      const now = performance.now();
      for (const [cell, since] of running) {
        if (cell.isDisposed) running.delete(cell);
        else show(cell, now - since);
      }
      if (!running.size) {
        clearInterval(timer);
        timer = 0;
      }
    };
    NotebookActions.executionScheduled.connect((_, { cell }) => {
      if (cell.model.type !== 'code') return;
      show(cell, 0);
      // A cell waits for those before it: its own time begins with the last of them.
      running.set(cell, performance.now());
      if (!timer) timer = window.setInterval(tick, TICK);
    });
    NotebookActions.executed.connect((_, { notebook, cell, success }) => {
      const now = performance.now();
      const since = running.get(cell);
      if (since === undefined) return;
      running.delete(cell);
      show(cell, now - since);
      // What waited for it begins now.
      for (const other of running.keys())
        if (notebook.widgets.includes(other)) running.set(other, now);
      const name = document.title.replace(/^[✓✗] /, '');
      if (now - since > LONG) announce(name, now - since, success);
    });
    app.commands.addCommand('poolbook:notify', {
      label: 'Tell Me When a Long Cell Is Done',
      caption: 'By a notification of the system, while the page is not seen',
      describedBy: { args: null },
      isToggled: () =>
        typeof Notification !== 'undefined' &&
        Notification.permission === 'granted',
      isEnabled: () =>
        typeof Notification !== 'undefined' &&
        Notification.permission !== 'denied',
      execute: async () => {
        await Notification.requestPermission();
        app.commands.notifyCommandChanged('poolbook:notify');
      }
    });
  }
};

/** Where the command is found. */
export const runtimeSchema = {
  title: 'Long cells',
  description: 'Tells when a long cell is done.',
  'jupyter.lab.menus': {
    main: [
      {
        id: 'jp-mainmenu-run',
        items: [{ command: 'poolbook:notify', rank: 100 }]
      }
    ]
  },
  type: 'object',
  properties: {},
  additionalProperties: false
};
