// The pool panel as a JupyterLab plugin. It needs nothing but JupyterLab, so it
// is part of Poolbook's page and can be an extension of any other.
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { SplitPanel, Widget } from '@lumino/widgets';
import { PoolConnection } from './comm';
import { icon } from './icon';
import { PoolPanel } from './panel';

const TOGGLE = 'poolbook:toggle-pool';

/** The connections of the notebooks that are open. */
class Connections {
  private readonly of = new Map<NotebookPanel, PoolConnection>();

  get(notebook: NotebookPanel): PoolConnection {
    let connection = this.of.get(notebook);
    if (!connection) {
      connection = new PoolConnection(notebook.sessionContext);
      this.of.set(notebook, connection);
      notebook.disposed.connect(() => {
        this.of.get(notebook)?.dispose();
        this.of.delete(notebook);
      });
    }
    return connection;
  }
}

/** The share of the window's height that the panel gets when it is first opened. */
const SHARE = 0.38;

/** Gives a panel below the documents enough room to be read. */
function enlarge(panel: Widget): void {
  let area: Widget = panel;
  while (area.parent && !(area.parent instanceof SplitPanel))
    area = area.parent;
  const split = area.parent;
  if (!(split instanceof SplitPanel) || split.orientation !== 'vertical')
    return;
  const sizes = split.relativeSizes();
  const at = split.widgets.indexOf(area);
  if (sizes.length !== 2 || sizes[at]! >= SHARE) return;
  sizes[at] = SHARE;
  sizes[1 - at] = 1 - SHARE;
  split.setRelativeSizes(sizes);
}

/** The button in the notebook's toolbar, with how many of its jobs run. */
function button(app: JupyterFrontEnd, connection: PoolConnection): Widget {
  const node = document.createElement('button');
  node.type = 'button';
  node.className = 'pb-PoolButton';
  node.title = 'Workers, jobs and tasks';
  const running = document.createElement('span');
  running.className = 'pb-PoolButton-running';
  icon.element({ container: node, height: '16px', width: '16px' });
  node.append('Pool', running);
  node.addEventListener('click', () => void app.commands.execute(TOGGLE));
  const widget = new Widget();
  widget.node.append(node);
  const show = (): void => {
    const count = connection.model.running.length;
    running.hidden = count === 0;
    running.textContent = String(count);
  };
  connection.model.changed.connect(show);
  widget.disposed.connect(() => connection.model.changed.disconnect(show));
  show();
  return widget;
}

export const pool: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:pool',
  description: 'Workers, jobs and the timeline of tasks of a notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [
    ILabShell,
    ILayoutRestorer,
    ICommandPalette,
    IToolbarWidgetRegistry
  ],
  activate: (
    app,
    tracker: INotebookTracker,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    toolbars: IToolbarWidgetRegistry | null
  ) => {
    const connections = new Connections();
    const panel = new PoolPanel();
    const current = (): void => {
      const notebook = tracker.currentWidget;
      if (!notebook || notebook.isDisposed) panel.display(null, null);
      else panel.display(connections.get(notebook), notebook);
    };
    tracker.widgetAdded.connect(
      (_, notebook) => void connections.get(notebook)
    );
    tracker.currentChanged.connect(current);
    app.commands.addCommand(TOGGLE, {
      label: 'Show Pool',
      caption: 'Workers, jobs and tasks of the notebook',
      icon,
      isToggled: () => panel.isVisible,
      describedBy: { args: null },
      execute: () => {
        if (panel.isVisible) {
          panel.parent = null;
        } else {
          const attached = panel.isAttached;
          if (!attached) app.shell.add(panel, 'down', { rank: 10 });
          current();
          app.shell.activateById(panel.id);
          if (!attached) enlarge(panel);
        }
        app.commands.notifyCommandChanged(TOGGLE);
      }
    });
    palette?.addItem({ command: TOGGLE, category: 'Notebook Operations' });
    restorer?.add(panel, 'poolbook-pool');
    toolbars?.addFactory('Notebook', 'pool', widget =>
      button(app, connections.get(widget as NotebookPanel))
    );
    // A panel that was open before a reload is attached again.
    void shell?.restored.then(() => current());
  }
};

export default pool;
