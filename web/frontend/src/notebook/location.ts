// The page's address names the document it shows: /notebooks/… for notebooks,
// /edit/… for other files, /terminals/… for a terminal.
import {
  ILabShell,
  JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { address, baseUrl } from '../page';

/** The document that the address asks for, or an empty string. */
export function requestedPath(): string {
  const path = location.pathname.slice(baseUrl.length);
  const match = /^(?:notebooks|edit)\/(.+)$/.exec(path);
  return match ? match[1]!.split('/').map(decodeURIComponent).join('/') : '';
}

/** The terminal that the address asks for, "new" for another one, or an empty string. */
export function requestedTerminal(): string {
  const match = /^terminals\/([^/]+)$/.exec(
    location.pathname.slice(baseUrl.length)
  );
  return match ? decodeURIComponent(match[1]!) : '';
}

export function isNotebook(path: string): boolean {
  return path.endsWith('.ipynb');
}

/** Where a document has its own page. */
export function documentAddress(path: string): string {
  return address(isNotebook(path) ? 'notebooks' : 'edit', path);
}

/** Tells the file browser which folder to show first. */
export const tree: JupyterFrontEndPlugin<JupyterFrontEnd.ITreeResolver> = {
  id: 'poolbook:tree',
  description: 'The folder of the requested document.',
  autoStart: true,
  provides: JupyterFrontEnd.ITreeResolver,
  activate: () => ({
    paths: Promise.resolve({
      browser: PathExt.dirname(requestedPath()),
      file: ''
    })
  })
};

let isOpened: () => void;

/** Resolves when the requested document is seen, or there is none. */
export const opened = new Promise<void>(resolve => (isOpened = resolve));

/** Opens the requested document, then keeps address and title in step. */
export const opener: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:opener',
  description: 'Opens the document that the address names.',
  autoStart: true,
  requires: [ILabShell, IDocumentManager],
  activate: (app, shell: ILabShell, documents: IDocumentManager) => {
    const path = requestedPath();
    let some = false;
    // Asked for when nothing is open: there is no launcher, but a start page.
    app.commands.addCommand('launcher:create', {
      execute: () => undefined,
      isVisible: () => false,
      describedBy: { args: null }
    });
    void app.restored.then(async () => {
      // A title changes with the name of its document too.
      let current = shell.currentWidget?.title;
      const name = (): void => title(shell);
      shell.currentChanged.connect(() => {
        current?.changed.disconnect(name);
        current = shell.currentWidget?.title;
        current?.changed.connect(name);
        name();
      });
      current?.changed.connect(name);
      shell.currentPathChanged.connect((_, { newValue }) => show(newValue));
      shell.layoutModified.connect(() => {
        title(shell);
        some ||= !shell.isEmpty('main');
        if (some && shell.isEmpty('main')) location.assign(baseUrl);
      });
      if (!path) return isOpened();
      // A new notebook comes with the kernel it was made for.
      const kernel = new URLSearchParams(location.search).get('kernel');
      const widget = documents.openOrReveal(
        path,
        'default',
        kernel ? { name: kernel } : undefined
      );
      show(path);
      // In a window that has not the focus, opening alone does not make the
      // document the current one, and its buttons would stay grey.
      await widget?.revealed;
      if (widget && shell.currentWidget !== widget)
        shell.activateById(widget.id);
      isOpened();
    });
  }
};

function show(path: string): void {
  if (!path) return;
  const target = documentAddress(path.replace(/^[^:/]*:/, ''));
  if (target !== location.pathname + location.search)
    history.replaceState(null, '', target);
}

function title(shell: ILabShell): void {
  const label = shell.currentWidget?.title.label;
  document.title = label ? `${label} · Poolbook` : 'Poolbook';
}
