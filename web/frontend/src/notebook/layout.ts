// The layout of the window. As JupyterLab's own, but a plugin that comes late
// can still have its widgets followed.
import {
  ILabShell,
  ILayoutRestorer,
  LayoutRestorer,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { WidgetTracker } from '@jupyterlab/apputils';
import { type IRestorer, IStateDB } from '@jupyterlab/statedb';
import type { Widget } from '@lumino/widgets';

/** Below this width of the window, in CSS pixels, only one side bar is shown, and its panels cover the documents (page.css). */
const NARROW = 640;
const isNarrow = (): boolean => innerWidth < NARROW;

/** Makes way for a document that is chosen in a panel which covers the documents. */
function uncover(shell: ILabShell): void {
  const chosen = (
    _: unknown,
    { newValue }: { newValue: Widget | null }
  ): void => {
    if (newValue && isNarrow()) shell.collapseLeft();
  };
  shell.currentChanged.connect(chosen);
  shell.activeChanged.connect(chosen);
}

class Restorer extends LayoutRestorer {
  private started = false;

  constructor(private readonly options: LayoutRestorer.IOptions) {
    super(options);
    void options.first.then(() => (this.started = true));
  }

  override async restore(
    tracker: WidgetTracker,
    options: IRestorer.IOptions<Widget>
  ): Promise<unknown> {
    if (!this.started) return super.restore(tracker, options);
    const { args, command, name, when } = options;
    tracker.widgetAdded.connect((_, widget) => {
      const own = name(widget);
      if (own) this.add(widget, `${tracker.namespace}:${own}`);
    });
    return tracker.restore({
      args: args ?? (() => ({})),
      command,
      connector: this.options.connector,
      name,
      registry: this.options.registry,
      ...(when ? { when } : {})
    });
  }
}

export const layout: JupyterFrontEndPlugin<ILayoutRestorer> = {
  id: 'poolbook:layout',
  description: 'Restores the layout of the window when it is reloaded.',
  autoStart: true,
  provides: ILayoutRestorer,
  requires: [IStateDB, ILabShell],
  activate: (app, state: IStateDB, shell: ILabShell) => {
    const restorer = new Restorer({
      connector: state,
      first: app.started,
      registry: app.commands
    });
    const empty = { 'multiple-document': {}, 'single-document': {} };
    void shell
      .restoreLayout('multiple-document', restorer, empty)
      .then(async () => {
        // A window of its own starts with the document alone.
        const saved = await state.fetch('layout-restorer:data');
        if (!saved) {
          shell.collapseLeft();
          shell.collapseRight();
          if (isNarrow()) shell.toggleSideTabBarVisibility('right');
        }
        uncover(shell);
        shell.layoutModified.connect(
          () => void restorer.save(shell.saveLayout())
        );
      });
    return restorer;
  }
};
