// Printing a notebook: as the page that the server exports, its formulas set.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Printing } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ServerConnection } from '@jupyterlab/services';
import { Widget } from '@lumino/widgets';

/** The exported notebook as it is printed. */
async function pageOf(panel: NotebookPanel): Promise<Widget> {
  const { context } = panel;
  if (context.model.dirty && !context.model.readOnly) await context.save();
  const url = PageConfig.getNBConvertURL({
    format: 'html',
    download: false,
    path: context.path
  });
  const settings = ServerConnection.makeSettings();
  const answer = await ServerConnection.makeRequest(url, {}, settings);
  if (!answer.ok) throw new ServerConnection.ResponseError(answer);
  const page = new DOMParser().parseFromString(
    await answer.text(),
    'text/html'
  );
  if (page.querySelector('.tex')) {
    const { typeset } = await import('../formulas/mathml');
    typeset(page);
  }
  const widget = new Widget();
  // The page's look is its own: it has nothing of the notebook's.
  widget.node.append(
    ...page.head.querySelectorAll('style'),
    ...page.body.querySelectorAll('main')
  );
  return widget;
}

export const printing: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:printing',
  description: 'Prints notebooks with their formulas.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app, notebooks: INotebookTracker) => {
    notebooks.widgetAdded.connect((_, panel) => {
      panel[Printing.symbol] = () => async () => {
        const page = await pageOf(panel);
        try {
          await Printing.printWidget(page);
        } finally {
          page.dispose();
        }
      };
    });
  }
};
