// Terminals, where the server has them: JupyterLab's, and the address of the one that is seen.
import { ILabShell, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITerminalTracker } from '@jupyterlab/terminal';
import terminal from '@jupyterlab/terminal-extension';
import '@jupyterlab/terminal-extension/style/index.js';
import { address, hasTerminals } from '../page';
import { requestedTerminal } from './location';

const addresses: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:terminals',
  description: 'Opens the terminal that the address names.',
  autoStart: true,
  requires: [ITerminalTracker, ILabShell],
  activate: (app, tracker: ITerminalTracker, shell: ILabShell) => {
    const show = (): void => {
      const widget = tracker.currentWidget;
      if (!widget || widget !== shell.currentWidget) return;
      const target = address('terminals', widget.content.session.name);
      if (target !== location.pathname) history.replaceState(null, '', target);
    };
    tracker.currentChanged.connect(show);
    shell.currentChanged.connect(show);
    void app.restored.then(async () => {
      const name = requestedTerminal();
      if (!name) return;
      // "new" is what the start page asks for, in the folder that it shows.
      const cwd = new URLSearchParams(location.search).get('folder') ?? '';
      await (name === 'new'
        ? app.commands.execute('terminal:create-new', { cwd })
        : app.commands.execute('terminal:open', { name }));
      show();
    });
  }
};

/** The plugins of terminals; none where the server has no terminals. */
export const terminals = hasTerminals ? [...terminal, addresses] : [];
