// The entries of the Help menu: what one reads, here and at Go's own site.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { address, request } from '../page';

interface Tutorial {
  name: string;
  title: string;
}

/** Pages elsewhere: opened in a tab of their own, asked for by nobody but who follows them. */
const PAGES = [
  ['A Tour of Go', 'https://go.dev/tour/'],
  ['Effective Go', 'https://go.dev/doc/effective_go'],
  ['Go’s Standard Library', 'https://pkg.go.dev/std']
] as const;

export const help: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:help',
  description: 'What there is to read, in the Help menu.',
  autoStart: true,
  requires: [IMainMenu, INotebookTracker, IRenderMimeRegistry],
  optional: [ICommandPalette],
  activate: (
    app,
    menu: IMainMenu,
    notebooks: INotebookTracker,
    rendermime: IRenderMimeRegistry,
    palette: ICommandPalette | null
  ) => {
    const { commands } = app;
    const kernel = () =>
      notebooks.currentWidget?.sessionContext.session?.kernel;

    /** Shows what the kernel says of a package. */
    const read = async (name: string): Promise<void> => {
      const answer = await kernel()?.requestInspect({
        code: name,
        cursor_pos: name.length,
        detail_level: 0
      });
      const content = answer?.content;
      if (content?.status !== 'ok' || !content.found) return;
      const model = new MimeModel({ data: content.data });
      const type = rendermime.preferredMimeType(model.data, 'any')!;
      const renderer = rendermime.createRenderer(type);
      await renderer.renderModel(model);
      const body = new Widget();
      body.addClass('pb-Reading');
      body.node.tabIndex = 0;
      body.node.append(renderer.node);
      body.disposed.connect(() => renderer.dispose());
      await showDialog({
        title: `Package ${name}`,
        body,
        buttons: [Dialog.okButton({ label: 'Close' })]
      });
    };

    commands.addCommand('poolbook:help-pool', {
      label: 'The Pool’s Calls',
      caption: 'What package pool has, as its documentation says',
      describedBy: { args: null },
      isEnabled: () => kernel()?.status === 'idle',
      execute: () => read('pool')
    });
    commands.addCommand('poolbook:help-page', {
      label: args => String(args['label'] ?? 'Open a Page'),
      describedBy: {
        args: {
          type: 'object',
          properties: { label: { type: 'string' }, url: { type: 'string' } }
        }
      },
      isVisible: args => PAGES.some(([, url]) => url === args['url']),
      execute: args => {
        const known = PAGES.find(([, url]) => url === args['url']);
        if (known) window.open(known[1], '_blank', 'noopener');
      }
    });
    commands.addCommand('poolbook:help-tutorial', {
      label: args => String(args['label'] ?? 'Open a Tutorial'),
      describedBy: {
        args: {
          type: 'object',
          properties: { label: { type: 'string' }, name: { type: 'string' } }
        }
      },
      isVisible: args => typeof args['name'] === 'string',
      execute: async args => {
        // As the start page does: one's own copy, made now when there is none.
        const { path } = await request<{ path: string }>(
          'POST',
          address('poolbook/api/tutorials', String(args['name']), 'open')
        );
        await commands.execute('docmanager:open', { path });
      }
    });
    const pages = PAGES.map(([label, url]) => ({
      command: 'poolbook:help-page',
      args: { label, url }
    }));
    menu.helpMenu.addGroup(
      [
        { command: 'poolbook:help-pool' },
        { command: 'apputils:display-shortcuts' }
      ],
      0
    );
    menu.helpMenu.addGroup(pages, 20);
    palette?.addItem({ command: 'poolbook:help-pool', category: 'Help' });
    for (const { command, args } of pages)
      palette?.addItem({ command, args, category: 'Help' });
    void request<Tutorial[]>('GET', address('poolbook/api/tutorials'))
      .then(tutorials => {
        menu.helpMenu.addGroup(
          tutorials.map(({ name, title }) => ({
            command: 'poolbook:help-tutorial',
            args: { name, label: `Tutorial: ${title}` }
          })),
          10
        );
      })
      // Without the server there is nothing to open either.
      .catch(() => undefined);
  }
};
