// Kernels that are stopped while their notebook is open: from the start page, from
// another window, from the list of what runs, or by a client of the server.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { type ISessionContext, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { Session } from '@jupyterlab/services';
import type { Signal } from '@lumino/signaling';

type Kernel = Session.ISessionConnection.IKernelChangedArgs;

/** Says that a kernel has gone, where JupyterLab goes on to say "Disconnected". */
function follow(panel: NotebookPanel, refresh: () => Promise<void>): void {
  const context = panel.sessionContext;
  let own = false;
  context.statusChanged.connect((_, status) => {
    if (status === 'terminating') own = true;
    else if (/^(starting|idle|busy)$/.test(status)) own = false;
  });
  // The server closes the connection with the kernel; which sessions there are is asked now and not at the next turn.
  context.connectionStatusChanged.connect((_, status) => {
    if (status === 'disconnected') void refresh().catch(() => undefined);
  });
  context.sessionChanged.connect((_, { oldValue, newValue }) => {
    if (own || !oldValue || newValue || context.isDisposed) return;
    // The status bar, the toolbar and the pool panel listen to this signal alone.
    (context.kernelChanged as Signal<ISessionContext, Kernel>).emit({
      name: 'kernel',
      oldValue: null,
      newValue: null
    });
    Notification.warning(
      `The kernel of ${context.name} was stopped, and its variables are gone. The next cell that you run starts a new one.`,
      { autoClose: 10_000 }
    );
  });
}

export const sessions: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:sessions',
  description: 'Says when the kernel of an open notebook was stopped.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (app, tracker: INotebookTracker) => {
    const refresh = () => app.serviceManager.sessions.refreshRunning();
    tracker.widgetAdded.connect((_, panel) => follow(panel, refresh));
  }
};
