// The curated list of JupyterLab's plugins on the first screen. What is not
// needed to see and run a notebook is in late.ts.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import application from '@jupyterlab/application-extension';
import apputils from '@jupyterlab/apputils-extension';
import cellToolbar from '@jupyterlab/cell-toolbar-extension';
import codemirror from '@jupyterlab/codemirror-extension';
import completer from '@jupyterlab/completer-extension';
import docmanager from '@jupyterlab/docmanager-extension';
import filebrowser from '@jupyterlab/filebrowser-extension';
import mainmenu from '@jupyterlab/mainmenu-extension';
import markedparser from '@jupyterlab/markedparser-extension';
import mathjax from '@jupyterlab/mathjax-extension';
import mermaid from '@jupyterlab/mermaid-extension';
import notebook from '@jupyterlab/notebook-extension';
import rendermime from '@jupyterlab/rendermime-extension';
import shortcuts from '@jupyterlab/shortcuts-extension';
import statusbar from '@jupyterlab/statusbar-extension';
import uiComponents from '@jupyterlab/ui-components-extension';

type Plugin = JupyterFrontEndPlugin<unknown>;

/** Plugins left out, by name after `@jupyterlab/`, each for its reason. */
const LEFT_OUT = new Set([
  // Ours take their place: layout.ts, location.ts, settings.ts, shell.ts, state.ts.
  'application-extension:main',
  'application-extension:tree-resolver',
  'application-extension:logo',
  'application-extension:layout',
  'application-extension:notfound',
  'apputils-extension:settings',
  'apputils-extension:settings-connector',
  'apputils-extension:state',
  'apputils-extension:resolver',
  'apputils-extension:workspaces',
  'apputils-extension:splash',
  // News of another project, from another host.
  'apputils-extension:announcements',
  'apputils-extension:licenses-client',
  'apputils-extension:licenses-plugin',
  // Addresses of JupyterLab's own pages, which this server does not have.
  'docmanager-extension:open-browser-tab',
  'filebrowser-extension:open-browser-tab',
  'filebrowser-extension:share-file',
  // The page asks no server but its own.
  'filebrowser-extension:open-url',
  // Ours is in filetypes.ts.
  'filebrowser-extension:create-new-language-file',
  // Kernels that speak subshells or LSP.
  'apputils-extension:subshell-settings',
  'notebook-extension:language-server',
  // Ours is in math.ts.
  'mathjax-extension:plugin'
]);

/** Plugins of the first screen's packages that come with late.ts: nothing of them is needed to see and run a notebook. */
const LATE = new Set([
  'codemirror-extension:commands',
  'mermaid-extension:context-commands',
  'notebook-extension:active-cell-tool',
  'notebook-extension:cloned-outputs',
  'notebook-extension:code-console',
  'notebook-extension:log-output',
  'notebook-extension:metadata-editor',
  'notebook-extension:search',
  'notebook-extension:toc',
  'notebook-extension:update-raw-mimetype'
]);

function all(modules: unknown[]): Plugin[] {
  return modules.flatMap(m => m as Plugin | Plugin[]);
}

/** The plugins of modules, whether one or a list, without those left out. */
export function pluginsOf(modules: unknown[]): Plugin[] {
  return all(modules).filter(
    p => !LEFT_OUT.has(p.id.replace('@jupyterlab/', ''))
  );
}

const first: Plugin[] = pluginsOf([
  application,
  apputils,
  cellToolbar,
  codemirror,
  completer,
  docmanager,
  filebrowser,
  mainmenu,
  markedparser,
  mathjax,
  mermaid,
  notebook,
  rendermime,
  shortcuts,
  statusbar,
  uiComponents
]);

const isLate = (p: Plugin): boolean =>
  LATE.has(p.id.replace('@jupyterlab/', ''));

/** The plugins of the first screen. */
export const plugins = first.filter(p => !isLate(p));

/** Those of its packages that wait for late.ts. */
export const followers = first.filter(isLate);
